package telling

import (
	"fmt"
	"slices"
	"strings"
)

// Says is a check: the output contains all texts, whatever blanks and line ends stand between their words.
func Says(texts ...string) func(string) error {
	return func(output string) error {
		flat := strings.Join(strings.Fields(output), " ")
		for _, text := range texts {
			if !strings.Contains(flat, text) {
				return fmt.Errorf("expected to read %q", text)
			}
		}
		return nil
	}
}

// Row is a line of a table that has to be there: its first words are those of Key, and all of Words stand in
// it as words of their own.
type Row struct {
	Key   string
	Words []string
}

// Shows is a check: the output is a table, or several, with all these rows.
func Shows(rows ...Row) func(string) error {
	return func(output string) error {
		lines := strings.Split(output, "\n")
		for _, row := range rows {
			if err := row.in(lines); err != nil {
				return err
			}
		}
		return nil
	}
}

func (r Row) in(lines []string) error {
	key := strings.Fields(r.Key)
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) < len(key) || !slices.Equal(words[:len(key)], key) {
			continue
		}
		for _, wanted := range r.Words {
			if !slices.Contains(words, wanted) {
				return fmt.Errorf("expected %q in the line of %s, which is: %s", wanted, r.Key, strings.Join(words, " "))
			}
		}
		return nil
	}
	return fmt.Errorf("expected a line of %s", r.Key)
}

// Both is a check that holds if all of them hold.
func Both(checks ...func(string) error) func(string) error {
	return func(output string) error {
		for _, check := range checks {
			if err := check(output); err != nil {
				return err
			}
		}
		return nil
	}
}

// Never is a check: the output contains none of the texts.
func Never(texts ...string) func(string) error {
	return func(output string) error {
		for _, text := range texts {
			if strings.Contains(output, text) {
				return fmt.Errorf("did not expect to read %q", text)
			}
		}
		return nil
	}
}
