// Command manifests checks Kubernetes manifests from standard input as an API server would that knows no more than their
// types: every field must exist and have its type. It also looks at what only the whole set shows: whether selectors find
// pods, ports and volumes have the names by which others call them, and what is referred to is there.
//
//	usage: helm template … | manifests [-given=secret/name,configmap/name] [-print=configmap/name/key]
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	kyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// kinds are those that are known, and what each is.
var kinds = map[string]func() meta.Object{
	"v1/ConfigMap": func() meta.Object { return &core.ConfigMap{} }, "v1/Secret": func() meta.Object { return &core.Secret{} },
	"v1/Service": func() meta.Object { return &core.Service{} }, "v1/ServiceAccount": func() meta.Object { return &core.ServiceAccount{} },
	"v1/Pod": func() meta.Object { return &core.Pod{} }, "apps/v1/Deployment": func() meta.Object { return &apps.Deployment{} },
	"apps/v1/StatefulSet":                     func() meta.Object { return &apps.StatefulSet{} },
	"policy/v1/PodDisruptionBudget":           func() meta.Object { return &policy.PodDisruptionBudget{} },
	"networking.k8s.io/v1/Ingress":            func() meta.Object { return &networking.Ingress{} },
	"networking.k8s.io/v1/NetworkPolicy":      func() meta.Object { return &networking.NetworkPolicy{} },
	"monitoring.coreos.com/v1/ServiceMonitor": func() meta.Object { return &monitoring.ServiceMonitor{} },
	"monitoring.coreos.com/v1/PrometheusRule": func() meta.Object { return &monitoring.PrometheusRule{} },
}

type pod struct {
	of     string
	labels map[string]string
	spec   core.PodSpec
	claims []string
}

type set struct {
	objects  map[string]meta.Object // kind/name in lower case
	pods     []pod
	given    []string
	problems []error
}

func (s *set) fail(of, format string, args ...any) {
	s.problems = append(s.problems, fmt.Errorf("%s: "+format, append([]any{of}, args...)...))
}

func main() {
	given := flag.String("given", "", "what is there already, as secret/name")
	print := flag.String("print", "", "what to print, as configmap/name/key or secret/name/key, instead of how many there are")
	flag.Parse()
	s := &set{objects: map[string]meta.Object{}, given: strings.Split(*given, ",")}
	r := kyaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	for {
		doc, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.fail("input", "%v", err)
			break
		}
		s.read(doc)
	}
	s.together()
	for _, p := range s.problems {
		fmt.Fprintln(os.Stderr, p)
	}
	if len(s.problems) > 0 || len(s.objects) == 0 {
		os.Exit(1)
	}
	if *print != "" {
		fmt.Print(s.text(*print))
		return
	}
	fmt.Printf("%d objects, %d kinds of pods\n", len(s.objects), len(s.pods))
}

// text is what stands under a key.
func (s *set) text(of string) string {
	id, key := of[:strings.LastIndexByte(of, '/')], of[strings.LastIndexByte(of, '/')+1:]
	switch o := s.objects[id].(type) {
	case *core.ConfigMap:
		return o.Data[key]
	case *core.Secret:
		return o.StringData[key]
	}
	return ""
}

func (s *set) read(doc []byte) {
	var t meta.TypeMeta
	if err := yaml.Unmarshal(doc, &t); err != nil {
		s.fail("input", "%v", err)
		return
	}
	if t.Kind == "" && len(bytes.TrimSpace(bytes.Trim(doc, "-\n "))) == 0 || t.Kind == "" && !bytes.Contains(doc, []byte("kind:")) {
		return // comments alone
	}
	made := kinds[t.APIVersion+"/"+t.Kind]
	if made == nil {
		s.fail(t.APIVersion+"/"+t.Kind, "a kind that is not known here")
		return
	}
	o := made()
	if err := yaml.UnmarshalStrict(doc, o); err != nil {
		s.fail(t.Kind, "%v", err)
		return
	}
	id := strings.ToLower(t.Kind) + "/" + o.GetName()
	if _, twice := s.objects[id]; twice {
		s.fail(id, "it is there twice")
	}
	s.objects[id] = o
	for _, e := range validation.IsDNS1123Label(o.GetName()) { // stricter than some kinds need
		s.fail(id, "its name: %s", e)
	}
	if o.GetNamespace() == "" {
		s.fail(id, "it has no namespace")
	}
	labelled(s, id, o.GetLabels())
	switch o := o.(type) {
	case *core.Pod:
		s.pods = append(s.pods, pod{id, o.Labels, o.Spec, nil})
	case *apps.Deployment:
		s.controller(id, o.Spec.Selector, o.Spec.Template, nil)
	case *apps.StatefulSet:
		var claims []string
		for _, c := range o.Spec.VolumeClaimTemplates {
			claims = append(claims, c.Name)
		}
		s.controller(id, o.Spec.Selector, o.Spec.Template, claims)
	}
}

func labelled(s *set, id string, all map[string]string) {
	for k, v := range all {
		for _, e := range append(validation.IsQualifiedName(k), validation.IsValidLabelValue(v)...) {
			s.fail(id, "label %s=%s: %s", k, v, e)
		}
	}
}

func (s *set) controller(id string, of *meta.LabelSelector, t core.PodTemplateSpec, claims []string) {
	labelled(s, id, t.Labels)
	if sel, err := meta.LabelSelectorAsSelector(of); err != nil || sel.Empty() || !sel.Matches(labels.Set(t.Labels)) {
		s.fail(id, "its selector does not find its own pods: %v", err)
	}
	for _, other := range s.pods { // one that finds another's pods fights for them
		if sel, _ := meta.LabelSelectorAsSelector(of); sel != nil && sel.Matches(labels.Set(other.labels)) {
			s.fail(id, "its selector finds the pods of %s", other.of)
		}
	}
	s.pods = append(s.pods, pod{id, t.Labels, t.Spec, claims})
}

func (s *set) there(kind, name string) bool {
	return s.objects[kind+"/"+name] != nil || slices.Contains(s.given, kind+"/"+name)
}

func (s *set) together() {
	for _, p := range s.pods {
		s.pod(p)
	}
	for id, o := range s.objects {
		switch o := o.(type) {
		case *core.Service:
			s.service(id, o)
		case *apps.StatefulSet:
			if !s.there("service", o.Spec.ServiceName) {
				s.fail(id, "there is no service %s", o.Spec.ServiceName)
			}
		case *policy.PodDisruptionBudget:
			sel, err := meta.LabelSelectorAsSelector(o.Spec.Selector)
			if err != nil || len(s.found(sel)) != 1 {
				s.fail(id, "it finds pods of %d kinds, want one: %v", len(s.found(sel)), err)
			}
		case *networking.NetworkPolicy:
			if sel, err := meta.LabelSelectorAsSelector(&o.Spec.PodSelector); err != nil || len(s.found(sel)) == 0 {
				s.fail(id, "it finds no pods: %v", err)
			}
		case *networking.Ingress:
			for _, rule := range o.Spec.Rules {
				for _, p := range rule.HTTP.Paths {
					back, _ := s.objects["service/"+p.Backend.Service.Name].(*core.Service)
					if back == nil || !slices.ContainsFunc(back.Spec.Ports, func(q core.ServicePort) bool { return q.Name == p.Backend.Service.Port.Name }) {
						s.fail(id, "there is no %s at service %s", p.Backend.Service.Port.Name, p.Backend.Service.Name)
					}
				}
			}
		case *monitoring.ServiceMonitor:
			sel, err := meta.LabelSelectorAsSelector(&o.Spec.Selector)
			n := 0
			for _, other := range s.objects {
				service, is := other.(*core.Service)
				if !is || err != nil || !sel.Matches(labels.Set(service.Labels)) {
					continue
				}
				n++
				for _, e := range o.Spec.Endpoints {
					if !slices.ContainsFunc(service.Spec.Ports, func(p core.ServicePort) bool { return p.Name == e.Port }) {
						s.fail(id, "service %s has no port %s", service.Name, e.Port)
					}
				}
				if o.Spec.JobLabel != "" && service.Labels[o.Spec.JobLabel] != "sitrep" {
					s.fail(id, "the job is called %q, and the rules know it as sitrep", service.Labels[o.Spec.JobLabel])
				}
			}
			if n != 1 {
				s.fail(id, "it finds %d services, want one: %v", n, err)
			}
		}
	}
}

func (s *set) found(sel labels.Selector) (all []pod) {
	for _, p := range s.pods {
		if sel != nil && sel.Matches(labels.Set(p.labels)) {
			all = append(all, p)
		}
	}
	return all
}

func (s *set) service(id string, o *core.Service) {
	all := s.found(labels.SelectorFromSet(o.Spec.Selector))
	if len(all) == 0 {
		s.fail(id, "it finds no pods")
	}
	for _, port := range o.Spec.Ports {
		for _, p := range all {
			if port.TargetPort.Type == intstr.String && !named(p.spec, port.TargetPort.StrVal) {
				s.fail(id, "%s has no port %s", p.of, port.TargetPort.StrVal)
			}
		}
	}
}

func named(p core.PodSpec, port string) bool {
	return slices.ContainsFunc(p.Containers, func(c core.Container) bool {
		return slices.ContainsFunc(c.Ports, func(q core.ContainerPort) bool { return q.Name == port })
	})
}

// pod holds a pod against what a cluster with the restricted pod security standard takes, and its names against each
// other.
func (s *set) pod(p pod) {
	volumes := slices.Clone(p.claims)
	for _, v := range p.spec.Volumes {
		volumes = append(volumes, v.Name)
		if of := v.Secret; of != nil && !s.there("secret", of.SecretName) {
			s.fail(p.of, "there is no secret %s", of.SecretName)
		}
		if of := v.ConfigMap; of != nil && !s.there("configmap", of.Name) {
			s.fail(p.of, "there is no configmap %s", of.Name)
		}
		if of := v.Secret; of != nil {
			if secret, is := s.objects["secret/"+of.SecretName].(*core.Secret); is {
				for _, item := range of.Items {
					if secret.StringData[item.Key] == "" && secret.Data[item.Key] == nil {
						s.fail(p.of, "secret %s has no %s", of.SecretName, item.Key)
					}
				}
			}
		}
		if v.HostPath != nil {
			s.fail(p.of, "volume %s is the host's", v.Name)
		}
	}
	if a := p.spec.ServiceAccountName; a != "" && a != "default" && !s.there("serviceaccount", a) {
		s.fail(p.of, "there is no serviceaccount %s", a)
	}
	if p.spec.AutomountServiceAccountToken == nil || *p.spec.AutomountServiceAccountToken {
		s.fail(p.of, "it gets a token of Kubernetes, and needs none")
	}
	c := p.spec.SecurityContext
	if c == nil || c.RunAsNonRoot == nil || !*c.RunAsNonRoot || c.SeccompProfile == nil || c.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		s.fail(p.of, "it may run as root, or makes any system call")
	}
	used := map[string]bool{}
	for _, k := range p.spec.Containers {
		of := p.of + " " + k.Name
		c := k.SecurityContext
		if c == nil || c.AllowPrivilegeEscalation == nil || *c.AllowPrivilegeEscalation || c.ReadOnlyRootFilesystem == nil || !*c.ReadOnlyRootFilesystem ||
			c.Capabilities == nil || !slices.Contains(c.Capabilities.Drop, "ALL") || len(c.Capabilities.Add) > 0 {
			s.fail(of, "its security context allows more than it needs")
		}
		if _, tag, _ := strings.Cut(k.Image[strings.LastIndexByte(k.Image, '/')+1:], ":"); tag == "" || tag == "latest" {
			s.fail(of, "image %s is another one every day", k.Image)
		}
		if k.Resources.Limits.Memory().IsZero() || k.Resources.Requests.Cpu().IsZero() {
			s.fail(of, "it says neither what it needs nor what it may take")
		}
		mounted := map[string]bool{}
		for _, m := range k.VolumeMounts {
			if used[m.Name] = true; !slices.Contains(volumes, m.Name) {
				s.fail(of, "there is no volume %s", m.Name)
			}
			if mounted[m.MountPath] {
				s.fail(of, "%s is mounted twice", m.MountPath)
			}
			mounted[m.MountPath] = true
		}
		for name, probe := range map[string]*core.Probe{"liveness": k.LivenessProbe, "readiness": k.ReadinessProbe, "startup": k.StartupProbe} {
			switch {
			case p.spec.RestartPolicy == core.RestartPolicyNever: // a test
			case probe == nil:
				s.fail(of, "it has no %s probe", name)
			case probe.HTTPGet != nil && probe.HTTPGet.Port.Type == intstr.String && !named(p.spec, probe.HTTPGet.Port.StrVal):
				s.fail(of, "its %s probe asks a port %s that it does not have", name, probe.HTTPGet.Port.StrVal)
			}
		}
	}
	for _, v := range volumes {
		if !used[v] {
			s.fail(p.of, "nobody mounts the volume %s", v)
		}
	}
}
