// Package chartvalues reads what the comments of a chart's values.yaml say, and writes them as a table of Markdown.
//
// A key with a comment is a value; a key without one whose children have comments is a group. Every other key is an
// error: each value is explained. Pure but for Update, which rewrites a file.
package chartvalues

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Value is one key that can be set.
type Value struct {
	Path    string // webhook.certificates.source
	Default string // as JSON
	Meaning string // the comment, in one line
}

// Parse reads the values of a values.yaml in the order in which they stand there.
func Parse(text []byte) ([]Value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("not one mapping")
	}
	return values("", document.Content[0])
}

func values(prefix string, mapping *yaml.Node) ([]Value, error) {
	var found []Value
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		path := prefix + key.Value
		meaning := oneLine(key.HeadComment)
		if isGroup(value) {
			if meaning != "" {
				return nil, fmt.Errorf("line %d: %s is a group of explained values, its own comment would be lost", key.Line, path)
			}
			inner, err := values(path+".", value)
			if err != nil {
				return nil, err
			}
			found = append(found, inner...)
			continue
		}
		if meaning == "" {
			return nil, fmt.Errorf("line %d: %s has no comment", key.Line, path)
		}
		var decoded any
		if err := value.Decode(&decoded); err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", key.Line, path, err)
		}
		text, err := json.Marshal(decoded)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", key.Line, path, err)
		}
		found = append(found, Value{path, string(text), meaning})
	}
	return found, nil
}

// isGroup tells whether any child of a value has a comment of its own, or is such a group.
func isGroup(value *yaml.Node) bool {
	if value.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(value.Content); i += 2 {
		if value.Content[i].HeadComment != "" || isGroup(value.Content[i+1]) {
			return true
		}
	}
	return false
}

func oneLine(comment string) string {
	var words []string
	for line := range strings.Lines(comment) {
		words = append(words, strings.Fields(strings.TrimLeft(line, "#"))...)
	}
	return strings.Join(words, " ")
}

// Table writes values as a table of Markdown.
func Table(values []Value) string {
	var table strings.Builder
	table.WriteString("| Value | Default | Meaning |\n|---|---|---|\n")
	escape := strings.NewReplacer("|", `\|`)
	for _, value := range values {
		fmt.Fprintf(&table, "| `%s` | `%s` | %s |\n", value.Path, escape.Replace(value.Default), escape.Replace(value.Meaning))
	}
	return table.String()
}

// Marks between which the table stands.
const (
	begin = "<!-- Made of the comments of values.yaml by make chart-readme. -->\n"
	end   = "<!-- End of the values. -->\n"
)

// Replaced returns a text with another table between the marks.
func Replaced(text, table string) (string, error) {
	before, rest, found := strings.Cut(text, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("the text has no %q and %q behind it", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + "\n" + table + "\n" + end + after, nil
}

// Update writes the table of valuesFile into readme. It returns whether anything changed.
func Update(valuesFile, readme string) (bool, error) {
	source, err := os.ReadFile(valuesFile)
	if err != nil {
		return false, err
	}
	values, err := Parse(source)
	if err != nil {
		return false, fmt.Errorf("%s: %w", valuesFile, err)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		return false, err
	}
	replaced, err := Replaced(string(text), Table(values))
	if err != nil {
		return false, fmt.Errorf("%s: %w", readme, err)
	}
	if replaced == string(text) {
		return false, nil
	}
	return true, os.WriteFile(readme, []byte(replaced), 0o644)
}
