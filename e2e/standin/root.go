package standin

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// MakeRoot makes a root file system in an empty folder, with programs in /usr/local/bin and the shared libraries that they
// need, and nothing else. The programs keep their names.
func MakeRoot(dir string, programs ...string) error {
	for _, folder := range []string{"usr/local/bin", "etc", "tmp", "proc", "dev"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return err
		}
	}
	for _, program := range programs {
		if err := copyFile(program, filepath.Join(dir, "usr/local/bin", filepath.Base(program))); err != nil {
			return err
		}
		libraries, err := librariesOf(program)
		if err != nil {
			return err
		}
		for _, library := range libraries {
			to := filepath.Join(dir, library)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			if err := copyFile(library, to); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(dir, "etc/passwd"), []byte("root:x:0:0::/:\nnonroot:x:65532:65532::/:\n"), 0o644)
}

// librariesOf returns the files that the loader would map, and the loader.
func librariesOf(program string) ([]string, error) {
	said, err := exec.Command("ldd", program).CombinedOutput()
	if err != nil {
		if strings.Contains(string(said), "not a dynamic executable") {
			return nil, nil
		}
		return nil, fmt.Errorf("ldd %s: %w: %s", program, err, said)
	}
	var files []string
	for line := range strings.Lines(string(said)) { // libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x...), or the file alone
		if strings.Contains(line, "not found") {
			return nil, fmt.Errorf("%s: %s", program, strings.TrimSpace(line))
		}
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "/") {
				files = append(files, word)
			}
		}
	}
	return files, nil
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return err
	}
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
