// Command compose checks a compose file by the reference implementation, and that each service is hardened, says whether it
// is well, and mounts only what is there.
//
//	usage: compose FILE
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(file string) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithResolvedPaths(true))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	var problems []error
	for name, s := range project.Services {
		fail := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("%s: "+format, append([]any{name}, args...)...))
		}
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || len(s.CapAdd) > 0 || s.Privileged || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			fail("it is not hardened")
		}
		if s.HealthCheck == nil || s.HealthCheck.Disable || len(s.HealthCheck.Test) < 2 || s.HealthCheck.Test[0] != "CMD" {
			fail("it does not say whether it is well, or needs a shell for that")
		}
		if _, tag, _ := strings.Cut(s.Image[strings.LastIndexByte(s.Image, '/')+1:], ":"); tag == "" || tag == "latest" {
			fail("image %s is another one every day", s.Image)
		}
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" {
				fail("others reach port %s", p.Published)
			}
		}
		for _, v := range s.Volumes {
			switch v.Type {
			case types.VolumeTypeBind:
				if _, err := os.Stat(v.Source); err != nil {
					fail("%v", err)
				}
				if !v.ReadOnly {
					fail("it may write to %s", v.Source)
				}
			case types.VolumeTypeVolume:
				if _, there := project.Volumes[v.Source]; !there {
					fail("there is no volume %s", v.Source)
				}
			}
		}
		if b := s.Build; b != nil {
			if _, err := os.Stat(b.Context + "/" + b.Dockerfile); err != nil {
				fail("%v", err)
			}
		}
	}
	if len(problems) == 0 {
		fmt.Printf("%d services\n", len(project.Services))
	}
	return errors.Join(problems...)
}
