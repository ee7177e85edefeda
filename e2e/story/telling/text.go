package telling

import (
	"fmt"
	"strings"
)

// Width is how long lines of our own words are at most.
const Width = 90

// Wrap breaks a text into lines of at most width characters where words end. Line ends in it are blanks.
func Wrap(text string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return strings.Join(append(lines, line), "\n")
}

// Shorten returns at most the given number of lines of an output, and then how many more there are. It ends
// with a line end unless it is empty. 0 lines: all of them.
func Shorten(output string, lines int) string {
	output = strings.TrimRight(output, "\n")
	if output == "" {
		return ""
	}
	all := strings.Split(output, "\n")
	if lines == 0 || len(all) <= lines+1 { // to say "1 more line" takes a line, too
		return output + "\n"
	}
	return fmt.Sprintf("%s\n... and %d more lines\n", strings.Join(all[:lines], "\n"), len(all)-lines)
}

// indent puts prefix before every line but the first.
func indent(text, prefix string) string { return strings.ReplaceAll(text, "\n", "\n"+prefix) }
