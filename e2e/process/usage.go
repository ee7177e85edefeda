package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Usage is what a process costs at this moment.
type Usage struct {
	RSS     int64         // bytes of memory resident now
	PeakRSS int64         // bytes, the most since the start
	CPU     time.Duration // user and system time since the start, exact to 10 ms
	Threads int
	Files   int // open files and sockets
}

// Usage reads the present memory and the CPU time so far.
func (p *Process) Usage() (Usage, error) {
	if !p.Alive() {
		return Usage{}, fmt.Errorf("%s does not run", p.name)
	}
	stat, err := readStat(p.handle.PID)
	if err != nil {
		return Usage{}, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.handle.PID))
	if err != nil {
		return Usage{}, err
	}
	usage := Usage{CPU: time.Duration(stat.ticks) * tick}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		number, _ := strconv.ParseInt(fields[1], 10, 64) // other lines hold other things
		switch fields[0] {
		case "VmRSS:":
			usage.RSS = number << 10
		case "VmHWM:":
			usage.PeakRSS = number << 10
		case "Threads:":
			usage.Threads = int(number)
		}
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.handle.PID))
	if err != nil {
		return Usage{}, err
	}
	usage.Files = len(files)
	return usage, nil
}

// tick is the unit of times in /proc: USER_HZ is 100 on every architecture that Go runs on.
const tick = 10 * time.Millisecond

type stat struct {
	state byte   // R, S, D, Z (zombie), T (stopped) ...
	ticks uint64 // user and system time
	start uint64 // since boot
}

// readStat reads the few fields of /proc/PID/stat used here (their numbers are those of proc(5)).
func readStat(pid int) (stat, error) {
	return readStatFile(fmt.Sprintf("/proc/%d/stat", pid))
}

func readStatFile(path string) (stat, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return stat{}, err
	}
	// Field 2, the name in parentheses, may hold anything: what counts begins behind its last parenthesis.
	end := bytes.LastIndexByte(text, ')')
	fields := strings.Fields(string(text[end+1:]))
	const first = 3 // the number of fields[0]
	if end < 0 || len(fields) <= 22-first {
		return stat{}, fmt.Errorf("%s: cannot read %q", path, text)
	}
	var numbers [3]uint64
	for i, field := range []int{14, 15, 22} {
		if numbers[i], err = strconv.ParseUint(fields[field-first], 10, 64); err != nil {
			return stat{}, fmt.Errorf("%s: field %d: %w", path, field, err)
		}
	}
	return stat{state: fields[0][0], ticks: numbers[0] + numbers[1], start: numbers[2]}, nil
}

// threadStates returns one letter for each thread of a process. Threads that end meanwhile are left out.
func threadStates(pid int) (string, error) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var states []byte
	for _, thread := range threads {
		stat, err := readStatFile(filepath.Join(dir, thread.Name(), "stat"))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue
		}
		if err != nil {
			return "", err
		}
		states = append(states, stat.state)
	}
	return string(states), nil
}
