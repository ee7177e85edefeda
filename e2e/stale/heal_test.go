package stale

import "context"

// heal looks once. While something is held, nobody can tell what is on its way.
func (w *world) heal(ctx context.Context) error {
	if w.behind != nil && (w.behind.Holds() || w.before.Holds()) {
		w.healer.Forget()
		return nil
	}
	return w.healer.Heal(ctx, shared, w.Client)
}
