package image

import (
	"os"
	"slices"
	"testing"
)

func TestTheShippedProgramsLackNoHardening(t *testing.T) {
	for _, name := range shippedPrograms {
		missing, err := MissingHardening(built(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(missing) > 0 {
			t.Errorf("%s lacks %q", name, missing)
		}
	}
}

// This test itself: Go links it at a fixed address, and knows none of what g++ adds.
func TestAProgramWithoutHardeningIsNoticed(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	missing, err := MissingHardening(self)
	if err != nil {
		t.Fatal(err)
	}
	for _, expected := range []string{
		"position independent (PIE)",
		"all symbols bound at start (BIND_NOW)",
		"stack protector",
		"checked string and memory functions (FORTIFY_SOURCE)",
		"checked containers (_GLIBCXX_ASSERTIONS)",
		"landing pads for jumps and returns (CET, or PAC)",
	} {
		if !slices.Contains(missing, expected) {
			t.Errorf("not noticed in this program: no %s (noticed: %q)", expected, missing)
		}
	}
}
