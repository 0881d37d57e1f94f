package faults

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// The environment that makes this binary a NATS server, and nothing else.
const (
	natsHost    = "SITREP_FAULTS_NATS_HOST" // empty: loopback
	natsPort    = "SITREP_FAULTS_NATS_PORT"
	natsStore   = "SITREP_FAULTS_NATS_STORE"
	natsName    = "SITREP_FAULTS_NATS_NAME"
	natsCluster = "SITREP_FAULTS_NATS_CLUSTER" // the port for the others; empty: it is alone
	natsRoutes  = "SITREP_FAULTS_NATS_ROUTES"
)

// serveNATS is a NATS server as an operator runs one, until it is killed.
func serveNATS() {
	port, _ := strconv.Atoi(os.Getenv(natsPort))
	host := cmp.Or(os.Getenv(natsHost), "127.0.0.1")
	o := &server.Options{
		ServerName: os.Getenv(natsName), Host: host, Port: port, NoLog: true,
		JetStream: true, SyncAlways: true, StoreDir: os.Getenv(natsStore), JetStreamMaxStore: 4 << 30, JetStreamMaxMemory: 64 << 20,
	}
	if c, err := strconv.Atoi(os.Getenv(natsCluster)); err == nil {
		o.Cluster = server.ClusterOpts{Name: "here", Host: host, Port: c}
		o.Routes = server.RoutesFromStr(os.Getenv(natsRoutes))
	}
	s, err := server.NewServer(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.Start()
	s.WaitForShutdown()
	os.Exit(0)
}

// natsServer is one as a process.
type natsServer struct {
	*testing.T
	env  []string
	port int
	cmd  *exec.Cmd
}

func port(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// newNATS starts a server that is alone.
func newNATS(t *testing.T) *natsServer {
	t.Helper()
	s := &natsServer{T: t, port: port(t)}
	s.env = []string{natsPort + "=" + strconv.Itoa(s.port), natsStore + "=" + filepath.Join(t.TempDir(), "nats"), natsName + "=n1"}
	s.start()
	t.Cleanup(s.kill)
	return s
}

// newNATSCluster starts several that are one.
func newNATSCluster(t *testing.T, n int) (all []*natsServer) {
	t.Helper()
	ports, routes := make([]int, n), make([]string, n)
	for i := range n {
		ports[i] = port(t)
		routes[i] = fmt.Sprintf("nats://127.0.0.1:%d", ports[i])
	}
	for i := range n {
		s := &natsServer{T: t, port: port(t)}
		s.env = []string{
			natsPort + "=" + strconv.Itoa(s.port), natsStore + "=" + filepath.Join(t.TempDir(), "nats"), natsName + "=n" + strconv.Itoa(i+1),
			natsCluster + "=" + strconv.Itoa(ports[i]), natsRoutes + "=" + strings.Join(routes, ","),
		}
		s.start()
		t.Cleanup(s.kill)
		all = append(all, s)
	}
	return all
}

func (s *natsServer) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", s.port) }

func (s *natsServer) start() {
	s.Helper()
	s.cmd = exec.Command(os.Args[0])
	s.cmd.Env = append(os.Environ(), s.env...)
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		s.Fatal(err)
	}
	for range 400 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port)); err == nil {
			c.Close()
			return
		}
		wait(25 * time.Millisecond)
	}
	s.Fatal("the NATS server does not listen")
}

// kill is kill -9.
func (s *natsServer) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGKILL)
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}
