package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"berth.dev/e2e/programs"
)

var shippedPrograms = []string{"berth", "berth-operator", "berth-webhook"}

// What the tests below look at: the image of the programs of this build.
var made struct {
	id, archive, rootFilesystem string
}

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if reason := notHere(); reason != "" {
			fmt.Println("image: left out:", reason)
			return 0
		}
		folder, err := os.MkdirTemp("", "berth-image-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(folder)
		made.archive, made.rootFilesystem = filepath.Join(folder, "berth.tar"), filepath.Join(folder, "root")
		made.id, err = Build("--archive", made.archive, "--root-filesystem", made.rootFilesystem)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// notHere tells why no image can be built on this machine.
func notHere() string {
	if os.Getuid() != 0 {
		return "file systems are mounted, which needs root"
	}
	if text, err := exec.Command("unshare", "--mount", "true").CombinedOutput(); err != nil {
		return fmt.Sprintf("no mount namespace: %s", bytes.TrimSpace(text))
	}
	return ""
}

func built(t *testing.T, program string) string {
	t.Helper()
	path, err := programs.Built(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// inImage runs a program of the image as its user, on its own file system, which is read-only, without a network.
func inImage(input io.Reader, arguments ...string) *exec.Cmd {
	const script = `set -e
mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"
if touch "$0/written" 2>/dev/null; then echo "the file system can be written" >&2; exit 99; fi
exec chroot --userspec=65532:65532 --groups= "$0" "$@"`
	command := exec.Command("unshare", append([]string{"--mount", "--net", "sh", "-c", script, made.rootFilesystem}, arguments...)...)
	command.Env = []string{"PATH=/usr/bin:/usr/sbin:/usr/local/bin"}
	command.Stdin = input
	return command
}

func TestAllThreeProgramsRunAsNobodyOnAFileSystemThatCannotBeWritten(t *testing.T) {
	for _, program := range shippedPrograms {
		text, err := inImage(nil, program, "--help").CombinedOutput()
		if err != nil || !bytes.Contains(text, []byte("--help")) {
			t.Errorf("%s --help: %v\n%s", program, err, text)
		}
	}
}

func TestTheCommandOfTheImageJudgesManifests(t *testing.T) {
	const manifests = `
apiVersion: berth.dev/v1alpha1
kind: ExposurePolicy
metadata: {name: databases}
spec:
  internal: [{port: 5432, service: PostgreSQL}]
---
apiVersion: v1
kind: Service
metadata: {name: pg, namespace: data}
spec: {type: NodePort, selector: {app: pg}, ports: [{port: 5432}]}
`
	text, err := inImage(strings.NewReader(manifests), "berth", "lint", "-").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !bytes.Contains(text, []byte("5432 (PostgreSQL) is internal")) {
		t.Errorf("berth lint in the image: %v\n%s", err, text)
	}
}

func TestTwoBuildsHaveOneIdentity(t *testing.T) {
	again, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	if again != made.id {
		t.Errorf("the image was %s, and is %s", made.id, again)
	}
}

func TestNothingInTheImageHelpsAnIntruder(t *testing.T) {
	helpful := []string{"sh", "bash", "dash", "busybox", "apt", "dpkg", "perl", "python3", "curl", "wget"}
	var size int64
	err := filepath.WalkDir(made.rootFilesystem, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, made.rootFilesystem)
		if info.Mode().IsRegular() {
			size += info.Size()
			if slices.Contains(helpful, path.Base(name)) {
				t.Errorf("%s is in the image", name)
			}
		}
		if info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 && !entry.IsDir() {
			t.Errorf("%s has %v", name, info.Mode())
		}
		if info.Mode().IsRegular() && info.Mode().Perm()&0o022 != 0 {
			t.Errorf("%s can be written by others: %v", name, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if size > 40<<20 {
		t.Errorf("the image has %d MiB, and 31 would do", size>>20)
	}
}

// Without this a scanner says "no vulnerabilities" of what it does not see.
func TestScannersSeeEveryPackage(t *testing.T) {
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(root, "image/root-packages.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		name := strings.TrimSpace(line)
		if strings.HasPrefix(name, "#") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(made.rootFilesystem, "var/lib/dpkg/status.d", name))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, field := range []string{"Package: " + name + "\n", "\nVersion: ", "\nArchitecture: "} {
			if !strings.Contains(string(text), field) {
				t.Errorf("what is said of %s lacks %q:\n%s", name, field, text)
			}
		}
		if _, err := os.Stat(filepath.Join(made.rootFilesystem, "usr/share/doc", name, "copyright")); err != nil {
			t.Errorf("the licence of %s: %v", name, err)
		}
	}
}

func TestTheImageSaysWhatItIsAndWhoRunsIt(t *testing.T) {
	var configuration struct {
		Architecture string
		Config       struct {
			User   string
			Cmd    []string
			Labels map[string]string
		}
		RootFS struct{ DiffIDs []string } `json:"rootfs"`
	}
	blob := strings.TrimPrefix(made.id, "sha256:")
	if err := json.Unmarshal(inArchive(t, "blobs/sha256/"+blob), &configuration); err != nil {
		t.Fatal(err)
	}
	if user := configuration.Config.User; user != "65532:65532" {
		t.Errorf("the user is %q", user)
	}
	if command := configuration.Config.Cmd; !slices.Equal(command, []string{"berth", "--help"}) {
		t.Errorf("the command is %q", command)
	}
	text, err := exec.Command(built(t, "berth"), "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := configuration.Config.Labels["org.opencontainers.image.version"]
	if version == "" || !strings.HasPrefix(string(text), "berth "+version+" ") {
		t.Errorf("the image says version %q, the program %q", version, text)
	}
}

// inArchive reads a file of the OCI archive.
func inArchive(t *testing.T, name string) []byte {
	t.Helper()
	file, err := os.Open(made.archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for reader := tar.NewReader(file); ; {
		header, err := reader.Next()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if path.Clean(header.Name) != name {
			continue
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
}

func TestAWrongFlagIsNamed(t *testing.T) {
	root, err := programs.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"--arch", "riscv64"}, "--arch 'riscv64': amd64 or arm64"},
		{[]string{"--archive"}, "--archive needs a value"},
		{[]string{"--push", "x"}, "'--push' is not known"},
	} {
		text, err := exec.Command(filepath.Join(root, "image/build"), c.arguments...).CombinedOutput()
		if err == nil || !strings.Contains(string(text), c.want) {
			t.Errorf("image/build %q: %v, %q", c.arguments, err, text)
		}
	}
}
