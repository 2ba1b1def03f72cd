package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

func TestAStandstillIsATimeWithoutABeat(t *testing.T) {
	h, begin := &heart{beats: map[int]time.Time{}}, time.Now()
	for _, after := range []time.Duration{0, 200, 400, 1400, 1450} {
		h.note(0, begin.Add(after*time.Millisecond))
	}
	h.note(1, begin.Add(1300*time.Millisecond))
	still := span{begin.Add(400 * time.Millisecond), begin.Add(1400 * time.Millisecond)}
	if found := h.standstills(begin.Add(1500 * time.Millisecond)); !slices.Equal(found, []span{still}) {
		t.Errorf("%+v", found)
	}
	if found := h.standstills(begin.Add(1600 * time.Millisecond)); len(found) != 2 || found[1].length() != 300*time.Millisecond {
		t.Errorf("one that is not over: %+v", found)
	}
}

func TestWhatTimesOutInAStandstillOrSoonAfterIsToldApart(t *testing.T) {
	begin := time.Now()
	at := func(from, to int) span {
		return span{begin.Add(time.Duration(from) * time.Millisecond), begin.Add(time.Duration(to) * time.Millisecond)}
	}
	tally := newTally()
	tally.late = []span{at(0, 900), at(0, 2000), at(1500, 3500), at(3900, 5900), at(4100, 6100)}
	tally.failures = map[string]int{timedOut: len(tally.late), "reset": 7}
	tally.excuse([]span{at(1000, 2000)}, 2*time.Second)
	s := tally.summary(time.Second)
	if s.Failures[timedOut] != 2 || s.Failures[stoodStill] != 3 || s.Failures["reset"] != 7 || s.Failed != 12 {
		t.Errorf("%+v", s)
	}
	if s.Stills != 1 || s.StillMS != 1000 {
		t.Errorf("%+v", s)
	}
}

func TestEachProcessorHasABeat(t *testing.T) {
	h := newHeart()
	defer h.close()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(beat) {
		h.mu.Lock()
		beating := len(h.beats)
		h.mu.Unlock()
		if beating == len(processors()) && beating > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d", beating, len(processors()))
		}
	}
}

func TestAProcessThatIsStoppedSaysWhyAnswersWereLate(t *testing.T) {
	address, _, _ := start(t, map[string]string{"FAULTS": `{"latency": "100ms"}`})
	stop := fmt.Sprintf("sleep 0.5; kill -STOP %d; sleep 1.5; kill -CONT %[1]d", os.Getpid())
	stopping := exec.Command("sh", "-c", stop)
	if err := stopping.Start(); err != nil {
		t.Fatal(err)
	}
	s := loadFor(t, address, 3*time.Second, func(o *loadOptions) { o.timeout = time.Second })
	if err := stopping.Wait(); err != nil {
		t.Fatal(err)
	}
	if s.Failures[stoodStill] == 0 || s.StillMS < 1400 {
		t.Errorf("%+v", s)
	}
}
