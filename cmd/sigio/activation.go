package main

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// firstPassed is the number of the first descriptor that a service manager passes
// (SD_LISTEN_FDS_START, sd_listen_fds(3)).
const firstPassed = 3

// passedSockets are the sockets that whoever started this process has opened for it, by
// name. They belong to the process: there is one set of them, and it stays open, since a
// reload may want one that was not wanted before.
var passedSockets = sync.OnceValue(func() map[string][]*os.File { return passed(os.Getenv, os.NewFile) })

func passed(getenv func(string) string, open func(uintptr, string) *os.File) map[string][]*os.File {
	if getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil // meant for somebody else, from whom the environment was inherited
	}
	n, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || n < 1 || n > 1<<16 {
		return nil
	}
	var names []string
	if list := getenv("LISTEN_FDNAMES"); list != "" {
		names = strings.Split(list, ":")
	}
	sockets := map[string][]*os.File{}
	for i := range n {
		name := "unknown" // as sd_listen_fds_with_names(3) calls it
		if i < len(names) && names[i] != "" {
			name = names[i]
		}
		sockets[name] = append(sockets[name], open(uintptr(firstPassed+i), name))
	}
	return sockets
}

// passedURLs are what to listen on when nothing is said and sockets were passed: those.
func passedURLs() (urls []string) {
	for _, name := range slices.Sorted(maps.Keys(passedSockets())) {
		urls = append(urls, "systemd:"+name)
	}
	return urls
}
