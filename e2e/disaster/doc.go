// Package disaster holds what happens to a cluster once in years, and what Berth makes of it: the data of etcd
// are brought back from an hour ago, while the operator runs, sleeps or is stopped; etcd is away while numbers
// are asked for; two and three operators believe for minutes that they lead.
//
// Behind a restore two things are judged: by package audit every revision of the history that is left, which
// goes from the snapshot straight on to what came after the restore; and by this package's own comparison that
// nothing moves of what the snapshot has brought back. Both are shown to notice what they are there for, by
// histories that were tampered with.
//
// Every test prints the seed of its random moments; CHAOS_SEED=N repeats one. LEADERS_MINUTES=N lets the
// leaders fight for so long.
package disaster
