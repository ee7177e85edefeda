package faults

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"berth.dev/e2e/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// state is what there is on a stage, in words that are the same on every stage: object by name.
type state map[string]string

// Where an allocation's own things are, and what of an entry tells only when it was made.
const (
	entryFields   = 8
	sequenceField = 5
	sinceField    = 6
)

var (
	uidText    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	numberText = regexp.MustCompile(`\b[0-9]{5}\b`)
)

// state reads the stage. What comes late by design, the numbers that rest and the counts of the range, is
// part of it only when everything has come to rest.
func (st *stage) state(ctx context.Context, atRest bool) (state, error) {
	found := state{}
	uids := map[string]string{}
	var texts [][2]string
	for _, kind := range []string{"palloc", "services", "networkpolicies", "configmaps"} {
		list, err := st.List(ctx, kind, st.namespace)
		if err != nil {
			return nil, err
		}
		for _, object := range list {
			name := object.GetKind() + " " + object.GetName()
			uids[string(object.GetUID())] = "UID of " + name
			text, err := essence(&object)
			if err != nil {
				return nil, err
			}
			texts = append(texts, [2]string{name, text})
		}
	}
	entries, err := st.entries(ctx)
	if err != nil {
		return nil, err
	}
	for number, entry := range entries {
		if !atRest && strings.Contains(entry, " resting ") {
			continue
		}
		texts = append(texts, [2]string{fmt.Sprintf("number FIRST+%d", number-st.first), entry})
	}
	if atRest {
		numbers, err := st.Get(ctx, "prange", "", st.numbers)
		if err != nil {
			return nil, err
		}
		text, err := essence(numbers)
		if err != nil {
			return nil, err
		}
		texts = append(texts, [2]string{"range", text})
	}
	for _, text := range texts {
		found[text[0]] = st.words(text[1], uids)
	}
	return found, nil
}

// entries reads what the ledger says about the stage's numbers.
func (st *stage) entries(ctx context.Context) (map[int64]string, error) {
	ledger, err := st.Get(ctx, "pledger", "", st.shard())
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, _, err := unstructured.NestedStringMap(ledger.Object, "spec", "entries")
	if err != nil {
		return nil, err
	}
	found := map[int64]string{}
	for key, text := range all {
		number, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", st.shard(), err)
		}
		if number < st.first || number >= st.first+stageSize {
			continue
		}
		fields := strings.Split(text, " ")
		if len(fields) < entryFields {
			return nil, fmt.Errorf("%s: %d: %q is no entry", st.shard(), number, text)
		}
		fields[sequenceField], fields[sinceField] = "SEQUENCE", "SINCE"
		found[number] = strings.Join(fields, " ")
	}
	return found, nil
}

// essence is an object without what the API server, and time, have put in.
func essence(object *unstructured.Unstructured) (string, error) {
	bare := object.DeepCopy()
	for _, path := range [][]string{
		{"metadata", "managedFields"}, {"metadata", "resourceVersion"}, {"metadata", "uid"},
		{"metadata", "creationTimestamp"}, {"spec", "clusterIP"}, {"spec", "clusterIPs"},
	} {
		unstructured.RemoveNestedField(bare.Object, path...)
	}
	conditions, _, _ := unstructured.NestedSlice(bare.Object, "status", "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok {
			delete(fields, "lastTransitionTime")
		}
	}
	if conditions != nil {
		if err := unstructured.SetNestedSlice(bare.Object, conditions, "status", "conditions"); err != nil {
			return "", err
		}
	}
	text, err := yaml.Marshal(bare.Object)
	return string(text), err
}

// words replaces what is the stage's own.
func (st *stage) words(text string, uids map[string]string) string {
	text = strings.ReplaceAll(text, st.namespace, "STAGE") // which is the range's name, too
	text = uidText.ReplaceAllStringFunc(text, func(uid string) string {
		if known, ok := uids[uid]; ok {
			return known
		}
		return "UID of somebody else"
	})
	return numberText.ReplaceAllStringFunc(text, func(digits string) string {
		number, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || number < st.first || number >= st.first+stageSize {
			return digits
		}
		return fmt.Sprintf("FIRST+%d", number-st.first)
	})
}

// difference tells what is not as it should be; "" if nothing.
func difference(got, want state) string {
	var found []string
	names := maps.Clone(want)
	maps.Copy(names, got)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		has, is := got[name]
		should, must := want[name]
		switch {
		case !is:
			found = append(found, name+" is missing")
		case !must:
			found = append(found, name+" should not be there:\n"+has)
		case has != should:
			found = append(found, fmt.Sprintf("%s is\n%s\nand should be\n%s", name, has, should))
		}
	}
	return strings.Join(found, "\n")
}

// is returns nil if the stage is in a state.
func (st *stage) is(ctx context.Context, want state, atRest bool) error {
	got, err := st.state(ctx, atRest)
	if err != nil {
		return err
	}
	if text := difference(got, want); text != "" {
		return fmt.Errorf("%s", text)
	}
	return nil
}

func (st *stage) awaitState(ctx context.Context, want state, atRest bool) error {
	return kube.Poll(ctx, patience, st.namespace+" to be as without a fault",
		func(ctx context.Context) error { return st.is(ctx, want, atRest) })
}
