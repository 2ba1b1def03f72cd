package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	beat     = 50 * time.Millisecond
	tooLong  = 250 * time.Millisecond // between two beats: a standstill
	maxCPUs  = 1024
	wordBits = 64
)

// span is a time from begin to end.
type span struct {
	begin, end time.Time
}

func (s span) length() time.Duration {
	return s.end.Sub(s.begin)
}

// heart has a thread on each processor that wants to run every 50 ms, and so knows when a processor stood still: what a
// hypervisor gives to others is missing to whatever runs there, be it the service, a gateway or this load.
type heart struct {
	over   atomic.Bool
	mu     sync.Mutex
	beats  map[int]time.Time // the last of each processor
	stills []span
}

// newHeart begins to beat; close ends it.
func newHeart() *heart {
	h := &heart{beats: map[int]time.Time{}}
	for _, cpu := range processors() {
		go h.beatOn(cpu)
	}
	return h
}

func (h *heart) close() {
	h.over.Store(true)
}

func (h *heart) beatOn(cpu int) {
	runtime.LockOSThread() // for good: the thread ends with this function, as it is of no use to anybody else
	pin(cpu)
	for !h.over.Load() {
		h.note(cpu, time.Now())
		// Not time.Sleep, by which one of Go's own processors would stand still with the thread.
		pause := syscall.NsecToTimespec(int64(beat))
		_ = syscall.Nanosleep(&pause, nil)
	}
}

func (h *heart) note(cpu int, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if last, ok := h.beats[cpu]; ok && now.Sub(last) > tooLong {
		h.stills = append(h.stills, span{last, now})
	}
	h.beats[cpu] = now
}

// standstills of all processors until now, also those that are not over.
func (h *heart) standstills(now time.Time) []span {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := append([]span(nil), h.stills...)
	for _, last := range h.beats {
		if now.Sub(last) > tooLong {
			found = append(found, span{last, now})
		}
	}
	return found
}

type cpuSet [maxCPUs / wordBits]uint64

// processors are those that this process may run on; none if the kernel does not tell.
func processors() []int {
	var set cpuSet
	if !affinity(syscall.SYS_SCHED_GETAFFINITY, &set) {
		return nil
	}
	var found []int
	for cpu := range maxCPUs {
		if set[cpu/wordBits]&(1<<(cpu%wordBits)) != 0 {
			found = append(found, cpu)
		}
	}
	return found
}

// pin keeps the current thread on one processor.
func pin(cpu int) {
	var set cpuSet
	set[cpu/wordBits] = 1 << (cpu % wordBits)
	affinity(syscall.SYS_SCHED_SETAFFINITY, &set)
}

func affinity(call uintptr, set *cpuSet) bool {
	_, _, errno := syscall.RawSyscall(call, 0, unsafe.Sizeof(*set), uintptr(unsafe.Pointer(set)))
	return errno == 0
}
