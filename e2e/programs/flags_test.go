package programs_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"berth.dev/e2e/programs"
)

// commands are all that have flags, as docs/flags.md names them.
var commands = []string{"berth-operator", "berth-webhook", "berth lint", "berth explain", "berth what-if",
	"berth export admission-policy", "berth check webhook", "berth version"}

var (
	helpFlag = regexp.MustCompile(`(?m)^ {2,6}(?:-\w, ?)?(--[\w-]+)(?:\{false\})?(?: (?:TEXT|INT:INT in \[[^\]]*\])=(\[[^\]]*\]|\S+))?`)
	shortOne = regexp.MustCompile(`(?m)^ {2}-\w,(--[\w-]+)`)
	pageFlag = regexp.MustCompile("^\\| `(--[\\w-]+)[^`]*` \\| (?:`([^`]*)` \\|)?")
)

// flagsOfHelp returns the flags of a --help with the defaults that it gives as TEXT=default.
func flagsOfHelp(text string) map[string]string {
	flags := map[string]string{}
	for _, match := range shortOne.FindAllStringSubmatch(text, -1) {
		flags[match[1]] = ""
	}
	for _, match := range helpFlag.FindAllStringSubmatch(text, -1) {
		flags[match[1]] = strings.Trim(match[2], "[]")
	}
	return flags
}

// flagsOfPage returns, by command, the flags of docs/flags.md with their defaults.
func flagsOfPage(text string) map[string]map[string]string {
	page := map[string]map[string]string{}
	command := ""
	for line := range strings.Lines(text) {
		if heading, found := strings.CutPrefix(line, "## "); found {
			command = strings.TrimSpace(heading)
			page[command] = map[string]string{}
		}
		if match := pageFlag.FindStringSubmatch(line); match != nil {
			page[command][match[1]] = match[2]
		}
	}
	return page
}

func TestThePageOfFlagsSaysWhatHelpSays(t *testing.T) {
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs/flags.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := flagsOfPage(string(text))
	if len(page) != len(commands) {
		t.Errorf("docs/flags.md tells of %d commands, not of %d", len(page), len(commands))
	}
	for _, command := range commands {
		words := strings.Fields(command)
		binary, err := programs.Built(words[0])
		if err != nil {
			t.Fatal(err)
		}
		help, err := exec.CommandContext(t.Context(), binary, append(words[1:], "--help")...).Output()
		if err != nil {
			t.Fatalf("%s --help: %v", command, err)
		}
		printed := flagsOfHelp(string(help))
		if len(printed) < 2 {
			t.Fatalf("%s --help has no flags:\n%s", command, help)
		}
		for flag, value := range printed {
			told, found := page[command][flag]
			if !found {
				t.Errorf("docs/flags.md does not have %s of %s", flag, command)
			} else if told != value {
				t.Errorf("docs/flags.md: %s of %s is %q by default, not %q", flag, command, value, told)
			}
		}
		for flag := range page[command] {
			if _, found := printed[flag]; !found {
				t.Errorf("docs/flags.md: %s has no %s", command, flag)
			}
		}
	}
}

func TestFlagsAreReadFromHelp(t *testing.T) {
	got := flagsOfHelp(`
  -h,--help                   Print this
  --log-format TEXT=text      text or json
  --workers INT:INT in [1 - 64]=4
  --exclude-namespaces TEXT=[kube-system,berth-system] ...
  --no-audit{false}           do not look
  -n, --namespace NAME   namespace, as --not-a-flag says
      --live             beneath
`)
	want := map[string]string{"--help": "", "--log-format": "text", "--workers": "4",
		"--exclude-namespaces": "kube-system,berth-system", "--no-audit": "", "--namespace": "", "--live": ""}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
