package image

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"berth.dev/e2e/programs"
)

// Build runs image/build with the programs of this build and further arguments, as root, and returns the id that it prints.
// The first time on a machine it makes a Debian to build in, half a minute; then it takes about ten seconds.
func Build(arguments ...string) (string, error) {
	root, err := programs.Root()
	if err != nil {
		return "", err
	}
	program, err := programs.Built("berth")
	if err != nil {
		return "", err
	}
	command := exec.Command(filepath.Join(root, "image/build"), append([]string{"--programs", filepath.Dir(program)}, arguments...)...)
	var said bytes.Buffer
	command.Stderr = &said
	id, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("image/build: %w\n%s", err, &said)
	}
	return strings.TrimSpace(string(id)), nil
}
