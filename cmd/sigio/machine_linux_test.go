package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// systemd is where distributions have the program.
const systemd = "/lib/systemd/systemd"

// machine is a systemd that is the first process of namespaces of its own: a system that has
// nothing but /usr of this one, which it cannot write to. No unit that a distribution ships is
// in it, since some of them clean up what they take for their own machine.
type machine struct {
	t    *testing.T
	root string // as seen from here
	pid  int
}

// bareUnits are what units depend on without saying so (systemd.special(7)), and do nothing.
var bareUnits = []string{"sysinit.target", "basic.target", "shutdown.target", "sockets.target", "multi-user.target", "network.target"}

// wider are the systems that run programs of a smaller architecture as well.
var wider = map[string]string{"386": "x86_64", "arm": "aarch64"}

// machineRoot is how machineInit is told its folder.
const machineRoot = "SIGIO_TEST_MACHINE"

// startMachine boots a machine with files, by path, and this program as
// /usr/local/bin/sigio.
func startMachine(t *testing.T, files map[string]string) *machine {
	t.Helper()
	if _, err := os.Stat(systemd); err != nil {
		t.Skip("systemd is not installed")
	}
	if os.Getuid() != 0 {
		t.Skip("only root may start a systemd")
	}
	var system unix.Utsname
	if err := unix.Uname(&system); err != nil {
		t.Fatal(err)
	}
	if name := unix.ByteSliceToString(system.Machine[:]); wider[runtime.GOARCH] == name {
		t.Skipf("SystemCallArchitectures=native is for %s, not for this architecture", name)
	}
	m := &machine{t: t, root: filepath.Join(t.TempDir(), "root")}
	for _, name := range bareUnits {
		m.write("/etc/systemd/system/"+name, "[Unit]\nDefaultDependencies=no\n")
	}
	m.write("/etc/systemd/system.conf", "[Manager]\nLogTarget=null\nDefaultEnvironment=GORACE=atexit_sleep_ms=0\n")
	m.write("/etc/machine-id", strings.Repeat("1", 32)+"\n") // else it is a first start, at which units are enabled
	m.write("/etc/passwd", "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
	m.write("/etc/group", "root:x:0:\nnogroup:x:65534:\n")
	m.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\n")
	for path, content := range files {
		m.write(path, content)
	}
	m.boot()
	waitUntil(t, "the system", func() bool { return m.ctl("is-system-running").Run() == nil })
	return m
}

func (m *machine) write(path, content string) {
	m.t.Helper()
	path = filepath.Join(m.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// boot starts machineInit in new namespaces and in a cgroup of its own.
func (m *machine) boot() {
	m.t.Helper()
	cgroup, err := newCgroup()
	if err != nil {
		m.t.Skipf("this kernel or container lets nobody have a cgroup (version 2) of their own: %v", err)
	}
	m.t.Cleanup(func() { removeCgroup(m.t, cgroup.Name()) })
	defer cgroup.Close()
	self, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := &exec.Cmd{Path: self, Args: []string{"machine"}, Stdout: &said, Stderr: &said, Env: []string{machineRoot + "=" + m.root, "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		UseCgroupFD: true, CgroupFD: int(cgroup.Fd()),
		Pdeathsig: syscall.SIGKILL, // and with the first process all others of its namespace
	}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // whose death Pdeathsig tells
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		m.t.Skipf("this kernel or container lets nobody have namespaces of their own: %v", err)
	}
	m.pid = cmd.Process.Pid
	m.t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
		if m.t.Failed() {
			m.t.Logf("the machine said: %s", said.String())
		}
	})
	waitUntil(m.t, "systemd", func() bool {
		select {
		case <-ended:
			if strings.Contains(said.String(), notPermitted) {
				m.t.Skipf("this kernel or container does not allow it: %s", said.String())
			}
			m.t.Fatalf("the machine ended: %s", said.String())
		default:
		}
		_, err := os.Stat(fmt.Sprintf("/proc/%d/root/run/systemd/private", m.pid))
		return err == nil
	})
}

// command is a program in the machine.
func (m *machine) command(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-a", "-t", strconv.Itoa(m.pid), "--"}, args...)...)
}

func (m *machine) ctl(args ...string) *exec.Cmd {
	return m.command(append([]string{"systemctl", "--no-pager"}, args...)...)
}

// must runs systemctl.
func (m *machine) must(args ...string) string {
	m.t.Helper()
	out, err := m.ctl(args...).CombinedOutput()
	if err != nil {
		status, _ := m.ctl("status", "sigio.service", "sigio.socket").CombinedOutput()
		m.t.Fatalf("systemctl %s: %v\n%s\n%s\n%s", strings.Join(args, " "), err, out, status, m.read(serviceLog))
	}
	return strings.TrimSpace(string(out))
}

func (m *machine) property(name string) string {
	m.t.Helper()
	return m.must("show", "sigio.service", "--value", "--property="+name)
}

// read returns a file of the machine.
func (m *machine) read(path string) string {
	content, _ := m.command("cat", path).Output()
	return string(content)
}

// inside runs f on a thread that is in the machine's network: sockets that f opens are there.
func (m *machine) inside(f func()) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		net, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", m.pid))
		if err == nil {
			defer net.Close()
			err = unix.Setns(int(net.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	return <-done
}

// newCgroup makes a cgroup below that of this process.
func newCgroup() (*os.File, error) {
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer mounts.Close()
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if !strings.Contains(lines.Text(), " - cgroup2 ") || fields[3] != "/" {
			continue
		}
		own, err := os.ReadFile("/proc/self/cgroup")
		if err != nil {
			return nil, err
		}
		_, place, _ := strings.Cut("\n"+string(own), "\n0::")
		place, _, _ = strings.Cut(place, "\n")
		path, err := os.MkdirTemp(filepath.Join(fields[4], place), "sigio-test-")
		if err != nil {
			return nil, err
		}
		return os.Open(path)
	}
	return nil, errors.New("it is not mounted")
}

// removeCgroup removes a cgroup and those in it. Their processes have been killed, and may
// need a moment to vanish.
func removeCgroup(t *testing.T, path string) {
	waitUntil(t, "the end of the cgroup", func() bool {
		var all []string
		filepath.WalkDir(path, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				all = append(all, path)
			}
			return nil
		})
		for i := len(all) - 1; i >= 0; i-- {
			os.Remove(all[i])
		}
		_, err := os.Stat(path)
		return errors.Is(err, os.ErrNotExist)
	})
}
