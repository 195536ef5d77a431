package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// notPermitted is in what machineInit says where it may not do what it has to.
const notPermitted = "machine: not permitted: "

// machineInit is the first process of a machine: it makes a root for it and becomes systemd. It
// runs in namespaces of its own. What it mounts is gone with them, and nothing of the system
// around it can be written to from the new root.
func machineInit() {
	runtime.LockOSThread()
	if err := enterMachine(os.Getenv(machineRoot)); err != nil {
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			fmt.Fprint(os.Stderr, notPermitted)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Unsetenv(machineRoot)
	os.Setenv("container", "test")
	// Units from one folder alone.
	os.Setenv("SYSTEMD_UNIT_PATH", "/etc/systemd/system")
	err := unix.Exec(systemd, []string{systemd, "--system", "--unit=multi-user.target", "--show-status=no"}, os.Environ())
	fmt.Fprintln(os.Stderr, systemd, err)
	os.Exit(1)
}

// mountPoint is a step of making the root.
type mountPoint struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

func enterMachine(root string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	files := root + ".files" // what the test has written
	if err := os.Rename(root, files); err != nil {
		return err
	}
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	if err := mount(mountPoint{target: "/", flags: unix.MS_REC | unix.MS_PRIVATE}); err != nil {
		return err
	}
	if err := mount(mountPoint{"tmpfs", root, "tmpfs", 0, "mode=755"}); err != nil {
		return err
	}
	if err := os.CopyFS(root, os.DirFS(files)); err != nil {
		return err
	}
	steps := []mountPoint{
		{"/usr", "usr", "", unix.MS_BIND, ""},
		{"", "usr", "", unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY, ""},
		{"tmpfs", "usr/local/bin", "tmpfs", 0, "mode=755"},
		{self, "usr/local/bin/sigio", "", unix.MS_BIND, ""},
		{"", "usr/local/bin/sigio", "", unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY, ""},
		{"proc", "proc", "proc", 0, ""},
		{root + "/proc/sys", "proc/sys", "", unix.MS_BIND, ""},
		{"", "proc/sys", "", unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY, ""},
		{"sysfs", "sys", "sysfs", unix.MS_RDONLY, ""},
		{"cgroup2", "sys/fs/cgroup", "cgroup2", 0, ""},
		{"tmpfs", "dev", "tmpfs", 0, "mode=755"},
		{"tmpfs", "tmp", "tmpfs", 0, "mode=1777"},
		{"tmpfs", "run", "tmpfs", 0, "mode=755"},
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		steps = append(steps, mountPoint{"/dev/" + name, "dev/" + name, "", unix.MS_BIND, ""})
	}
	// What is in /usr by another name, or is not where the distribution keeps them apart.
	for _, name := range []string{"bin", "sbin", "lib", "lib32", "lib64"} {
		if to, err := os.Readlink("/" + name); err == nil {
			if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
				return err
			}
		} else if _, err := os.Stat("/" + name); err == nil {
			steps = append(steps, mountPoint{"/" + name, name, "", unix.MS_BIND, ""},
				mountPoint{"", name, "", unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY, ""})
		}
	}
	// From here on the cgroup of this process is the uppermost one that the machine sees.
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	for _, m := range steps {
		m.target = filepath.Join(root, m.target)
		if err := makeTarget(m); err != nil {
			return err
		}
		if err := mount(m); err != nil {
			return err
		}
	}
	// PrivateDevices= copies it.
	if err := os.Symlink("pts/ptmx", filepath.Join(root, "dev/ptmx")); err != nil {
		return err
	}
	for _, folder := range []string{"var/log", "var/lib", "var/tmp", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	// The old root goes on top of the new one (pivot_root(2)), and away.
	if err := unix.PivotRoot(".", "."); err != nil {
		return os.NewSyscallError("pivot_root", err)
	}
	return os.NewSyscallError("umount", unix.Unmount(".", unix.MNT_DETACH))
}

func mount(m mountPoint) error {
	if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
		return fmt.Errorf("mount %s at %s: %w", m.source, m.target, err)
	}
	return nil
}

// makeTarget makes a file or a folder to mount at.
func makeTarget(m mountPoint) error {
	if _, err := os.Stat(m.target); err == nil {
		return nil
	}
	if from, err := os.Stat(m.source); err == nil && !from.IsDir() {
		return os.WriteFile(m.target, nil, 0o600)
	}
	return os.MkdirAll(m.target, 0o755)
}
