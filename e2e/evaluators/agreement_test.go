package evaluators

import (
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"berth.dev/e2e/kube"
)

// verdict is what one evaluator says of one object. Invalid: the API server refused it before anybody was asked.
type verdict struct {
	deny    bool
	said    string
	invalid string
}

type verdicts struct{ webhook, lint, audit, wall verdict }

// tally compares verdicts.
type tally struct {
	pairs, denied, byWall, invalid int
	disagreements                  []string
}

func (c *tally) add(w world, object *unstructured.Unstructured, v verdicts) {
	c.pairs++
	if v.webhook.invalid != "" {
		c.invalid++
		return
	}
	if v.webhook.deny {
		c.denied++
	}
	if v.wall.deny {
		c.byWall++
	}
	disagree := func(who string, other verdict) {
		c.disagreements = append(c.disagreements, fmt.Sprintf("%s: the webhook says %s\n%s says %s\npolicy: %v\nobject: %v",
			kube.Name(object), v.webhook, who, other, w.policy.Object["spec"], object.Object["spec"]))
	}
	if v.lint.deny != v.webhook.deny {
		disagree("lint", v.lint)
	}
	if v.audit.deny != v.webhook.deny {
		disagree("the audit", v.audit)
	}
	// Of several internal numbers on one way the webhook names the first.
	mayDeny := v.webhook.deny && internalPort.MatchString(v.webhook.said)
	if v.wall.deny && !mayDeny || !v.wall.deny && mustSee(w, v.webhook) {
		disagree("the wall", v.wall)
	}
}

func (v verdict) String() string {
	if v.deny {
		return "Deny: " + v.said
	}
	return "Allow"
}

func (c *tally) summary() string {
	return fmt.Sprintf("%d pairs: %d denied by the webhook, %d by the wall, %d invalid, %d disagreements",
		c.pairs, c.denied, c.byWall, c.invalid, len(c.disagreements))
}

var internalPort = regexp.MustCompile(`port (\d+)\S* (?:\([^)]*\) )?is internal by`)

// mustSee tells whether a refusal of the webhook is one that shows in the object alone, which is what the wall is
// for: an internal number without an exception that could be meant, on a way that the wall sees.
func mustSee(w world, said verdict) bool {
	if !said.deny {
		return false
	}
	for _, paragraph := range strings.Split(said.said, "\n  fix: ") {
		for _, found := range internalPort.FindAllStringSubmatch(paragraph, -1) {
			if number := found[1]; !excepted(w, number) && seen(paragraph, number) {
				return true
			}
		}
	}
	return false
}

// seen: the targetPort of a Service without a selector is not where it leads, so the wall does not count it.
func seen(paragraph, number string) bool {
	for path := range strings.Lines(paragraph) {
		if !strings.HasPrefix(path, "    ") {
			continue
		}
		if path, without := strings.CutSuffix(strings.TrimSpace(path), " (the Service has no selector)"); without {
			path, _, _ = strings.Cut(path, " -> targetPort ")
			if !regexp.MustCompile(`port ` + number + `\b`).MatchString(path) {
				continue
			}
		}
		return true
	}
	return false
}

// excepted: the policy has an exception for the number that has not expired. (The generator makes one at most.)
func excepted(w world, number string) bool {
	exceptions, _, _ := unstructured.NestedSlice(w.policy.Object, "spec", "exceptions")
	for _, each := range exceptions {
		exception := each.(object)
		if fmt.Sprint(exception["port"]) == number && strings.HasPrefix(fmt.Sprint(exception["expiresAt"]), "2099") {
			return true
		}
	}
	return false
}
