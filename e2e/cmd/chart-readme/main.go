// Command chart-readme writes the table of values of the Helm chart's README from the comments of its values.yaml.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"berth.dev/e2e/chartvalues"
	"berth.dev/e2e/programs"
)

func main() {
	changed, err := update()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chart-readme:", err)
		os.Exit(1)
	}
	if changed {
		fmt.Println("charts/berth/README.md is up to date again")
	}
}

func update() (bool, error) {
	root, err := programs.Root()
	if err != nil {
		return false, err
	}
	chart := filepath.Join(root, "charts/berth")
	return chartvalues.Update(filepath.Join(chart, "values.yaml"), filepath.Join(chart, "README.md"))
}
