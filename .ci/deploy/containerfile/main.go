// Command containerfile checks a Containerfile by BuildKit's own parser, and that what comes of it runs as nobody, without a
// shell.
//
//	usage: containerfile FILE
package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	result, err := parser.Parse(f)
	if err != nil {
		return err
	}
	var problems []error
	for _, w := range result.Warnings {
		problems = append(problems, errors.New(w.Short))
	}
	stages, _, err := instructions.Parse(result.AST, linter.New(&linter.Config{
		Warn: func(rule, _, _, text string, _ []parser.Range) {
			problems = append(problems, fmt.Errorf("%s: %s", rule, text))
		},
	}))
	if err != nil {
		return err
	}
	last := stages[len(stages)-1]
	if !strings.Contains(last.BaseName, "distroless/static") || !strings.HasSuffix(last.BaseName, ":nonroot") {
		problems = append(problems, fmt.Errorf("the image is made of %s", last.BaseName))
	}
	built := map[string]bool{}
	for _, s := range stages[:len(stages)-1] {
		built[s.Name] = true
	}
	user, entry, well := "", false, false
	for _, c := range last.Commands {
		switch c := c.(type) {
		case *instructions.RunCommand:
			problems = append(problems, errors.New("it runs something where there is no shell"))
		case *instructions.CopyCommand:
			if !built[c.From] {
				problems = append(problems, fmt.Errorf("it copies from %q, which is no stage before it", c.From))
			}
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			entry = !c.PrependShell
		case *instructions.HealthCheckCommand:
			well = c.Health != nil && len(c.Health.Test) > 1 && c.Health.Test[0] == "CMD"
		case *instructions.CmdCommand:
			if c.PrependShell {
				problems = append(problems, errors.New("CMD needs a shell"))
			}
		}
	}
	if !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		problems = append(problems, fmt.Errorf("USER %q: Kubernetes sees only of a number that it is not root", user))
	}
	if !entry || !well {
		problems = append(problems, errors.New("ENTRYPOINT or HEALTHCHECK is missing, or needs a shell"))
	}
	if len(problems) == 0 {
		fmt.Printf("%d stages, the last runs as %s\n", len(stages), user)
	}
	return errors.Join(problems...)
}
