package telling

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestACommandIsTakenApartAsAShellWould(t *testing.T) {
	for command, want := range map[string][]string{
		"kubectl get svc":                      {"kubectl", "get", "svc"},
		"  a   b ":                             {"a", "b"},
		`a -p '[{"op":"x"}]' b`:                {"a", "-p", `[{"op":"x"}]`, "b"},
		`a "it's"`:                             {"a", "it's"},
		`a --x='b c'`:                          {"a", "--x=b c"},
		`a '' b`:                               {"a", "", "b"},
		"a \\\n  b":                            {"a", "\\", "b"},
		`kubectl -o jsonpath={.spec.ports[0]}`: {"kubectl", "-o", "jsonpath={.spec.ports[0]}"},
	} {
		got, err := Words(command)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v; want %q", command, got, err, want)
		}
	}
	for _, command := range []string{"", "  ", "a 'b"} {
		if got, err := Words(command); err == nil {
			t.Errorf("%q: got %q, want an error", command, got)
		}
	}
}

func TestLongOutputIsShortenedAndSaysByHowMuch(t *testing.T) {
	for _, c := range []struct {
		output string
		lines  int
		want   string
	}{
		{"", 3, ""},
		{"a", 0, "a\n"},
		{"a\nb\nc\n", 0, "a\nb\nc\n"},
		{"a\nb\nc\n", 2, "a\nb\nc\n"}, // the line that says so would be as long
		{"a\nb\nc\nd\n", 2, "a\nb\n... and 2 more lines\n"},
	} {
		if got := Shorten(c.output, c.lines); got != c.want {
			t.Errorf("%q in %d lines: got %q, want %q", c.output, c.lines, got, c.want)
		}
	}
}

func TestTextIsBrokenWhereWordsEnd(t *testing.T) {
	got := Wrap("one two three\n four five", 9)
	if want := "one two\nthree\nfour five"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Wrap("incomprehensibilities", 5); got != "incomprehensibilities" {
		t.Errorf("got %q", got)
	}
}

func TestChecksSayWhatIsMissing(t *testing.T) {
	const table = "NAMESPACE NAME PORTS\nmesh      api  a:1/TCP b:2/UDP\nmesh      db   c:3/TCP\n"
	for name, c := range map[string]struct {
		check   func(string) error
		missing string // "" = content
	}{
		"row":          {Shows(Row{"mesh api", []string{"b:2/UDP"}}, Row{"mesh db", nil}), ""},
		"part of word": {Shows(Row{"mesh api", []string{"b:2"}}), `expected "b:2" in the line of mesh api`},
		"no row":       {Shows(Row{"mesh web", nil}), "expected a line of mesh web"},
		"other row":    {Shows(Row{"mesh api", []string{"c:3/TCP"}}), "c:3/TCP"},
		"says":         {Says("NAME PORTS mesh api"), ""},
		"says not":     {Says("NAME", "xyz"), `expected to read "xyz"`},
		"never":        {Never("xyz"), ""},
		"never but":    {Never("db"), `did not expect to read "db"`},
		"both":         {Both(Says("api"), Never("db")), "db"},
	} {
		err := c.check(table)
		switch {
		case c.missing == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.missing != "" && (err == nil || !strings.Contains(err.Error(), c.missing)):
			t.Errorf("%s: got %v, want %q", name, err, c.missing)
		}
	}
}

// script makes a stage on which "tool" is a shell script.
func script(t *testing.T, text string) *Stage {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tool")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return &Stage{Dir: filepath.Dir(path), Programs: map[string]string{"tool": path}}
}

func TestAStoryIsToldWithItsCommandsAndWhatTheyPrint(t *testing.T) {
	var out strings.Builder
	teller := Teller{Out: &out, Stage: script(t, `echo "seen: $1"; [ "$1" != bad ]`)}
	err := teller.Tell(t.Context(), []Chapter{{
		Title: "Beginning",
		Text:  "About it.",
		Steps: []Step{
			{Name: "the good is seen", Command: "tool good", Check: Says("seen: good")},
			{Name: "the bad is refused", Text: "Now the bad.", Command: "tool bad", Refused: true},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := "\n1. Beginning\n============\nAbout it.\n\n$ tool good\nseen: good\n   ok: the good is seen\n" +
		"\nNow the bad.\n\n$ tool bad\nseen: bad\n   ok: the bad is refused\n"
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", &out, want)
	}
}

func TestAStepThatComesOutOtherwiseSaysWhichAndHow(t *testing.T) {
	later := errors.New("not there")
	for name, c := range map[string]struct {
		step Step
		want []string
	}{
		"failed":    {Step{Name: "it works", Command: "tool bad"}, []string{"it works", "tool bad", "exit code 1", "seen: bad"}},
		"succeeded": {Step{Name: "it is refused", Command: "tool good", Refused: true}, []string{"should have been refused"}},
		"check":     {Step{Name: "it shows", Command: "tool good", Check: Says("xyz")}, []string{`expected to read "xyz"`, "seen: good"}},
		"look":      {Step{Name: "it is there", Command: "tool good", Look: func(context.Context) error { return later }}, []string{"not there"}},
		"unknown":   {Step{Name: "it runs", Command: "other good"}, []string{`no program is known for "other"`}},
		"too late": {Step{Name: "it comes", Command: "tool good", Within: 2 * Pause, Check: Says("xyz")},
			[]string{"expected to read"}},
	} {
		teller := Teller{Out: &strings.Builder{}, Stage: script(t, `echo "seen: $1"; [ "$1" != bad ]`)}
		err := teller.Tell(t.Context(), []Chapter{{Title: "Middle", Steps: []Step{c.step}}})
		var failure *Failure
		if !errors.As(err, &failure) {
			t.Errorf("%s: got %v, want a failure", name, err)
			continue
		}
		for _, text := range append(c.want, "Middle", c.step.Name) {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: no %q in:\n%v", name, text, err)
			}
		}
	}
}

func TestAStepWithTimeIsRunAgainUntilItComesOut(t *testing.T) {
	var out strings.Builder
	teller := Teller{Out: &out, Stage: script(t, `echo x >>count; wc -l <count`)}
	err := teller.Play(t.Context(), "", Step{
		Name: "the third time", Command: "tool", Within: time.Minute, Check: Says("3"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "1") || !strings.Contains(out.String(), "3\n   ok: the third time") {
		t.Errorf("only the last output is to be shown, got:\n%s", &out)
	}
}
