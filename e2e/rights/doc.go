// Package rights compares what the manifests permit Berth's accounts with what the accounts asked for while all other tests
// ran: nothing is granted that nobody uses, and nobody is refused. conventions.md P27.
//
// The other packages leave their uses in $BERTH_RIGHTS (see cluster.Use); `make e2e` sets it, and calls cmd/rights at the
// end.
package rights
