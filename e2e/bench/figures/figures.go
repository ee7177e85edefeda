// Package figures holds what benches have measured, against what they measured beside it, and shows it.
package figures

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Line is one measured figure.
type Line struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Berth float64 `json:"berth"`
	Peer  float64 `json:"peer"`  // of what stands beside it; 0: there is none
	Ratio float64 `json:"ratio"` // berth : peer; 0: no peer
	Goal  string  `json:"goal"`  // "" for what is only told
	Holds bool    `json:"holds"` // true where there is no goal
}

// Lines are the figures of one run, in the order in which they were measured.
type Lines []Line

// Against compares with a peer: at most so many times as much.
func (l *Lines) Against(name, unit string, berth, peer, most float64) {
	l.AgainstInTurns(name, unit, berth, peer, berth/peer, most)
}

// AgainstInTurns does so with medians of several rounds and the median of the rounds' ratios.
func (l *Lines) AgainstInTurns(name, unit string, berth, peer, ratio, most float64) {
	*l = append(*l, Line{Name: name, Unit: unit, Berth: berth, Peer: peer, Ratio: ratio,
		Goal: fmt.Sprintf("<= %g x", most), Holds: ratio <= most})
}

// AtLeastInTurns is AgainstInTurns for what should be much.
func (l *Lines) AtLeastInTurns(name, unit string, berth, peer, ratio, least float64) {
	*l = append(*l, Line{Name: name, Unit: unit, Berth: berth, Peer: peer, Ratio: ratio,
		Goal: fmt.Sprintf(">= %g x", least), Holds: ratio >= least})
}

// AtMost holds a figure of Berth alone to a bound.
func (l *Lines) AtMost(name, unit string, berth, most float64) {
	*l = append(*l, Line{Name: name, Unit: unit, Berth: berth, Goal: strings.TrimSpace(fmt.Sprintf("<= %g %s", most, unit)),
		Holds: berth <= most})
}

// Tell adds a figure without a goal.
func (l *Lines) Tell(name, unit string, berth, peer float64) {
	line := Line{Name: name, Unit: unit, Berth: berth, Peer: peer, Holds: true}
	if peer != 0 {
		line.Ratio = berth / peer
	}
	*l = append(*l, line)
}

// Table returns the lines as Markdown, with a name for what stands beside Berth.
func (l Lines) Table(peerName string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "| | unit | Berth | %s | ratio | goal | |\n|---|---|---:|---:|---:|---|---|\n", peerName)
	for _, line := range l {
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
	case math.Abs(n) >= 100 || n == 0:
		return fmt.Sprintf("%.0f", n)
	case math.Abs(n) >= 10:
		return fmt.Sprintf("%.1f", n)
	case math.Abs(n) >= 0.1:
		return fmt.Sprintf("%.2f", n)
	default:
		return fmt.Sprintf("%.4f", n)
	}
}

// Report is how a bench command ends: the table on stdout, how long it took on stderr, the figures in a file unless
// path is "". What was measured before a failure is shown, too.
func (l Lines) Report(peerName string, began time.Time, path string, failed error) error {
	fmt.Print(l.Table(peerName))
	if failed != nil {
		return failed
	}
	fmt.Fprintf(os.Stderr, "took %.0f s\n", time.Since(began).Seconds())
	if path == "" {
		return nil
	}
	return l.Write(path)
}

// Write stores the lines as JSON.
func (l Lines) Write(path string) error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// Quantile is the smallest value that so large a part of them all does not exceed.
func Quantile[T cmp.Ordered](of []T, q float64) T {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// Milliseconds with their fractions.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
