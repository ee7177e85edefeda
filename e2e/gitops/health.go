package gitops

import (
	"fmt"
	"os"
	"path/filepath"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"berth.dev/e2e/programs"
)

// health is what Argo CD says of an object.
type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// asArgo is what Argo CD calls that which kstatus says of an object that is not being deleted.
var asArgo = map[status.Status]string{
	status.CurrentStatus:    "Healthy",
	status.InProgressStatus: "Progressing",
	status.FailedStatus:     "Degraded",
}

// customizations is the folder of Berth's group, laid out as in Argo CD's own tree.
func customizations() (string, error) {
	root, err := programs.Root()
	return filepath.Join(root, "gitops/argocd/resource_customizations/berth.dev"), err
}

// healthScript reads the health.lua of a kind.
func healthScript(kind string) (string, error) {
	dir, err := customizations()
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(dir, kind, "health.lua"))
	return string(text), err
}

// judge runs a health.lua as Argo CD does: its Lua, and of the libraries only base and table.
func judge(script string, object *unstructured.Unstructured) (health, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			return health{}, err
		}
	}
	state.SetGlobal("obj", luaValue(state, object.Object))
	if err := state.DoString(script); err != nil {
		return health{}, err
	}
	answer, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return health{}, fmt.Errorf("health.lua returns %s, not a table", state.Get(-1).Type())
	}
	text := func(key string) string { return lua.LVAsString(answer.RawGetString(key)) }
	return health{Status: text("status"), Message: text("message")}, nil
}

func luaValue(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, one := range value {
			table.RawSetString(key, luaValue(state, one))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, one := range value {
			table.Append(luaValue(state, one))
		}
		return table
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	}
	return lua.LNil
}

// agrees returns an error if Argo CD by health.lua and kstatus say different things of an object, and otherwise what
// both say, in the words of Argo CD.
func agrees(script string, object *unstructured.Unstructured) (health, error) {
	argo, err := judge(script, object)
	if err != nil {
		return health{}, err
	}
	result, err := status.Compute(object)
	if err != nil {
		return health{}, err
	}
	if asArgo[result.Status] != argo.Status {
		return argo, fmt.Errorf("health.lua says %s (%s), kstatus %s (%s)", argo.Status, argo.Message, result.Status, result.Message)
	}
	return argo, nil
}
