package chartvalues_test

import (
	"strings"
	"testing"

	"berth.dev/e2e/chartvalues"
)

func TestCommentsBecomeATable(t *testing.T) {
	values, err := chartvalues.Parse([]byte(`# About the file.

# Of both programs:
# debug | info.
logLevel: null
webhook:
  # All of them answer.
  replicas: 2
  certificates:
    # Who makes them.
    source: selfMade
  # Of the container.
  resources:
    limits: {memory: 512Mi}
`))
	if err != nil {
		t.Fatal(err)
	}
	const want = "| Value | Default | Meaning |\n|---|---|---|\n" +
		"| `logLevel` | `null` | Of both programs: debug \\| info. |\n" +
		"| `webhook.replicas` | `2` | All of them answer. |\n" +
		"| `webhook.certificates.source` | `\"selfMade\"` | Who makes them. |\n" +
		"| `webhook.resources` | `{\"limits\":{\"memory\":\"512Mi\"}}` | Of the container. |\n"
	if got := chartvalues.Table(values); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestWhatIsNotExplainedIsAnErrorThatNamesIt(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"webhook:\n  replicas: 2\n", "line 1: webhook has no comment"},
		{"webhook:\n  # All.\n  replicas: 2\n  threads: 1\n", "line 4: webhook.threads has no comment"},
		{"# Lost.\nwebhook:\n  # All.\n  replicas: 2\n", "webhook is a group of explained values"},
		{"[]", "not one mapping"},
	} {
		if _, err := chartvalues.Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want %s", c.text, err, c.says)
		}
	}
}

func TestATextWithoutMarksIsLeftAlone(t *testing.T) {
	if got, err := chartvalues.Replaced("# Title\n", "table"); err == nil {
		t.Errorf("it became %q", got)
	}
}
