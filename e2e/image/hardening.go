package image

import (
	"bytes"
	"debug/elf"
	"fmt"
	"slices"
	"strings"
)

// MissingHardening lists what a shipped program lacks of what an attacker who writes over memory has to get past; empty
// when it lacks nothing. Of x86-64 and of 64-bit ARM.
func MissingHardening(path string) ([]string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	symbols, err := file.ImportedSymbols()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	imports := func(matches func(name string) bool) bool {
		return slices.ContainsFunc(symbols, func(symbol elf.ImportedSymbol) bool { return matches(symbol.Name) })
	}
	var missing []string
	for _, property := range []struct {
		name  string
		holds bool
	}{
		{"position independent (PIE)", file.Type == elf.ET_DYN && hasFlag(file, elf.DT_FLAGS_1, uint64(elf.DF_1_PIE))},
		{"all symbols bound at start (BIND_NOW)", hasFlag(file, elf.DT_FLAGS, uint64(elf.DF_BIND_NOW))},
		{"read-only relocations (RELRO)", program(file, elf.PT_GNU_RELRO) != nil},
		{"no executable stack", !hasExecutableStack(file)},
		{"no memory both writable and executable", !hasWritableCode(file)},
		{"stack protector", imports(func(name string) bool { return name == "__stack_chk_fail" })},
		{"checked string and memory functions (FORTIFY_SOURCE)",
			imports(func(name string) bool { return strings.HasPrefix(name, "__") && strings.HasSuffix(name, "_chk") })},
		{"checked containers (_GLIBCXX_ASSERTIONS)",
			imports(func(name string) bool { return strings.Contains(name, "__glibcxx_assert_fail") })},
		{"landing pads for jumps and returns (CET, or PAC)", hasControlFlowProtection(file)},
		{"no search path for libraries (RUNPATH)", !hasTag(file, elf.DT_RUNPATH) && !hasTag(file, elf.DT_RPATH)},
	} {
		if !property.holds {
			missing = append(missing, property.name)
		}
	}
	return missing, nil
}

func program(file *elf.File, kind elf.ProgType) *elf.Prog {
	for _, segment := range file.Progs {
		if segment.Type == kind {
			return segment
		}
	}
	return nil
}

func hasFlag(file *elf.File, tag elf.DynTag, flag uint64) bool {
	values, err := file.DynValue(tag)
	return err == nil && slices.ContainsFunc(values, func(value uint64) bool { return value&flag != 0 })
}

func hasTag(file *elf.File, tag elf.DynTag) bool {
	values, err := file.DynString(tag)
	return err == nil && len(values) > 0
}

// Without the header the kernel gives an executable stack.
func hasExecutableStack(file *elf.File) bool {
	stack := program(file, elf.PT_GNU_STACK)
	return stack == nil || stack.Flags&elf.PF_X != 0
}

func hasWritableCode(file *elf.File) bool {
	return slices.ContainsFunc(file.Progs, func(segment *elf.Prog) bool {
		return segment.Type == elf.PT_LOAD && segment.Flags&(elf.PF_W|elf.PF_X) == elf.PF_W|elf.PF_X
	})
}

// Code that is compiled for it has a landing pad wherever an indirect jump may arrive: endbr64 on x86-64, paciasp (which
// is one, too) on ARM. That the file also says so in .note.gnu.property cannot be asked for: the start-up code of Debian
// 12's C library is without, and the linker believes it.
func hasControlFlowProtection(file *elf.File) bool {
	pad := []byte{0xf3, 0x0f, 0x1e, 0xfa}
	if file.Machine == elf.EM_AARCH64 {
		pad = []byte{0x3f, 0x23, 0x03, 0xd5}
	}
	text := file.Section(".text")
	if text == nil {
		return false
	}
	code, err := text.Data()
	// The start-up code alone may have a few.
	return err == nil && bytes.Count(code, pad) > 100
}
