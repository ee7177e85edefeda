// Package upgrade holds a release to the one before it: custom resource definitions only widen, and going up, back down
// and up again moves no port and deletes nothing.
//
// The one before is a commit (previous/commit), with its definitions beside it; release/previous builds its programs into
// the cache folder. A release makes itself the previous one by writing its commit there and copying crds/.
package upgrade
