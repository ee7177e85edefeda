package allocation

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// against compares with the bare client: at most so many times as much.
func (s *site) against(name, unit string, berth, peer, most float64) {
	s.againstInTurns(name, unit, berth, peer, berth/peer, most)
}

// againstInTurns does so with medians of several rounds and the median of the rounds' ratios.
func (s *site) againstInTurns(name, unit string, berth, peer, ratio, most float64) {
	s.lines = append(s.lines, Line{Name: name, Unit: unit, Berth: berth, Peer: peer, Ratio: ratio,
		Goal: fmt.Sprintf("<= %g x", most), Holds: ratio <= most})
}

// atMost holds a figure of Berth alone to a bound.
func (s *site) atMost(name, unit string, berth, most float64) {
	s.lines = append(s.lines, Line{Name: name, Unit: unit, Berth: berth, Goal: strings.TrimSpace(fmt.Sprintf("<= %g %s", most, unit)),
		Holds: berth <= most})
}

// tell adds a figure without a goal.
func (s *site) tell(name, unit string, berth, peer float64) {
	line := Line{Name: name, Unit: unit, Berth: berth, Peer: peer, Holds: true}
	if peer != 0 {
		line.Ratio = berth / peer
	}
	s.lines = append(s.lines, line)
}

// Table returns the lines as Markdown.
func Table(lines []Line) string {
	var text strings.Builder
	text.WriteString("| | unit | Berth | bare client | ratio | goal | |\n|---|---|---:|---:|---:|---|---|\n")
	for _, line := range lines {
		peer, ratio, holds := "", "", ""
		if line.Peer != 0 {
			peer, ratio = number(line.Peer), number(line.Ratio)
		}
		if line.Goal != "" {
			holds = "holds"
			if !line.Holds {
				holds = "**missed**"
			}
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %s | %s |\n", line.Name, line.Unit, number(line.Berth), peer, ratio, line.Goal, holds)
	}
	return text.String()
}

func number(n float64) string {
	switch {
	case n >= 100 || n == 0:
		return fmt.Sprintf("%.0f", n)
	case n >= 10:
		return fmt.Sprintf("%.1f", n)
	case n >= 0.1:
		return fmt.Sprintf("%.2f", n)
	default:
		return fmt.Sprintf("%.4f", n)
	}
}

// Write stores the lines as JSON.
func Write(path string, lines []Line) error {
	text, err := json.MarshalIndent(lines, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
