package signals_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// In a library that a program of C has loaded.
func TestLibraryInC(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: it builds a library")
	}
	cc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("gcc is not installed")
	}
	if runtime.GOARCH != hostArch(t) {
		t.Skip("this architecture is emulated: gcc builds for another one")
	}
	dir := t.TempDir()
	library, host := filepath.Join(dir, "libsignals.so"), filepath.Join(dir, "host")
	for _, args := range [][]string{
		{"go", "build", "-buildmode=c-shared", "-o", library, "./testdata/cshared"},
		{cc, "-Wall", "-O1", "-o", host, "testdata/cshared/host.c", "-L" + dir, "-lsignals", "-lpthread", "-Wl,-rpath," + dir},
		{host},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), "unsupported") {
			t.Skip("this architecture has no handler")
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

func hostArch(t *testing.T) string {
	out, err := exec.Command("go", "env", "GOHOSTARCH").Output()
	if err != nil {
		t.Skip("the go command is not installed")
	}
	return strings.TrimSpace(string(out))
}
