/*
 * How numbers are claimed, shown, published, released and freed by two operators that both believe they lead.
 *
 * Spin visits every order in which the API server can take their writes. Not here: what is left out, and how to read
 * a counter-example (README.md). Every guard names the code that it stands for. A guard inside #ifdef can be taken
 * out with -D; ./check proves that the rules hold with all of them and break without any one of them.
 *
 * Three actors: two leaders, and the world (users, the garbage collector, time). Two numbers, each in a ledger shard
 * of its own: that is the harder case, because no compare-and-swap covers both (ONE_SHARD: both in one). Three
 * owners under two names: 1 is created as "a", 2 is "a" created anew, 3 is "b".
 */

#define PORTS 2
#define other(p) (1 - (p))

/* ---- what the API server holds ---- */

mtype:entry = { Free, Held, Resting };
mtype:entry entry[PORTS];      /* core/allocation/ledger.h */
byte holder[PORTS];            /* UID in the entry; a resting number remembers who had it */
bit rested[PORTS];             /* nobody can see this: a whole rest has really passed */

mtype:life = { Unborn, Living, Gone };
mtype:life owner[4];           /* PortAllocations by UID; they have no finalizer */
byte shown[4];                 /* status.ports: the number + 1, 0 when empty */

#define name_of(u) ((u) == 3 -> 1 : 0)

byte service_of[2];            /* by name: UID of the owner that it was generated for, 0 when there is none */
byte service_port[2];          /* that an API server refuses a second use of a nodePort is not relied on */
bit late[2];                   /* created for an owner that was gone by then */

#ifdef REACH_REUSE
bit first[PORTS];              /* owner 1 has published it */
#endif

/* ---- what a leader remembers ---- */

mtype:step = {
  Idle,
  ClaimRead, ClaimPut,                        /* operator/bookkeeper.cpp, claim() */
  ShowOwner, ShowLedger, ShowPut,             /* core/plan.cpp, find_numbers() and the status of order_actions() */
  PublishProve, PublishCreate,                /* operator/applier.cpp, act(CreateService) */
  ReleaseOwner, ReleaseServices, ReleasePut,  /* operator/bookkeeper.cpp, prove() and release() */
  FreePut                                     /* operator/bookkeeper.cpp, sweep() */
};
mtype:step step[2];
byte uid[2];                   /* whom the step is about */
byte port[2];                  /* which number */
bit both[2];                   /* the ledgers were seen to hold the other number for the same owner too */

mtype:watch = { Unseen, Watched, Elapsed };
mtype:watch rest[2 * PORTS];   /* core/allocation/rest.h, by leader * PORTS + number */

#define me uid[l]
#define number port[l]

/* ---- what must always hold ---- */

#define holds(u, p) (entry[p] == Held && holder[p] == (u))
#define shows_what_it_holds(u) (owner[u] != Living || shown[u] == 0 || holds(u, shown[u] - 1))
/* A Service that arrives after the end of its owner finds the number at rest, and never with somebody else. */
#define publishes_what_is_kept(n)                                      \
  (service_of[n] == 0 || holds(service_of[n], service_port[n]) ||      \
   (owner[service_of[n]] == Gone && entry[service_port[n]] == Resting && \
    holder[service_port[n]] == service_of[n]))
#define shown_by_a (owner[1] == Living -> shown[1] : (owner[2] == Living -> shown[2] : 0))

/* After every write. The numbers are those of the invariants: README.md. */
inline check_rules() {
  assert(service_of[0] == 0 || service_of[1] == 0 || service_port[0] != service_port[1]);  /* R1 */
  assert(owner[3] != Living || shown[3] == 0 || shown[3] != shown_by_a);                   /* R2 */
  assert(publishes_what_is_kept(0) && publishes_what_is_kept(1));                          /* R3 */
  assert(shows_what_it_holds(1) && shows_what_it_holds(2) && shows_what_it_holds(3));      /* R4 */
#ifdef REACH_REUSE
  /* No rule: its counter-example proves that the model gets as far as a number published by its second owner. */
  assert(service_of[1] != 3 || !first[service_port[1]]);
#endif
}

/* ---- the preconditions ---- */

/* A number that rests may be taken when this leader has watched a whole rest: chooser.cpp, is_free(). */
#ifndef NO_REST
#define reusable(p) (entry[p] == Free || (entry[p] == Resting && rest[l * PORTS + p] == Elapsed))
#else
#define reusable(p) (entry[p] != Held)
#endif

/* Before its Service is created the live owner must have the UID of the plan: applier.cpp, prove_owner(). */
#ifdef NO_LIVE_READ
#define owner_is_proven true
#else
#ifdef NO_UID
#define owner_is_proven (owner[me] == Living || (me == 1 && owner[2] == Living))
#else
#define owner_is_proven (owner[me] == Living)
#endif
#endif

/* A number whose owner is gone rests only after a live read of the owner: release.cpp, objection(). */
#ifndef NO_LIVE_RELEASE
#define owner_is_gone (owner[me] != Living)
#else
#define owner_is_gone true
#endif

/* ... and after a live read of its Services: the same place. */
#ifndef RELEASE_FIRST
#define is_unpublished (!(service_of[name_of(me)] == me && service_port[name_of(me)] == number))
#else
#define is_unpublished true
#endif

/* ... in that order: a Service may be created between the two reads while the owner lives. bookkeeper.cpp, prove(). */
#ifndef SERVICES_BEFORE_OWNER
#define first_proof owner_is_gone
#define second_proof is_unpublished
#else
#define first_proof is_unpublished
#define second_proof owner_is_gone
#endif

/* What a living owner holds too much of rests only when its status shows the other number: release.cpp,
 * is_replaced(). */
#ifndef RELEASE_UNSHOWN
#define is_replaced (owner[me] == Living && shown[me] == other(number) + 1)
#else
#define is_replaced (owner[me] == Living && shown[me] != number + 1)
#endif

/* Status shows a number instead of another one, of which the ledgers as seen know nothing, only after a live read of
 * the other one's shard: plan.h, WriteStatus::unconfirmed. */
#ifndef SHOW_UNCONFIRMED
#define ShowAnother ShowLedger
#else
#define ShowAnother ShowPut
#endif

/* ---- writes, each one step of the API server ---- */

inline idle(who) {
  step[who] = Idle; uid[who] = 0; port[who] = 0; both[who] = 0
}

#define will_put(s) \
  (s == ClaimPut || s == ReleaseOwner || s == ReleaseServices || s == ReleasePut || s == FreePut)
#ifndef ONE_SHARD
#define same_shard(p, q) ((p) == (q))
#else
#define same_shard(p, q) true
#endif

/* PUT of a ledger shard. Without the resourceVersion it carries it would overwrite what came between; with it, the
 * PUT that the rival has prepared will be refused, so that its step ends here. */
inline put_shard(p, state, who) {
  entry[p] = state; holder[p] = who; rested[p] = 0;
#ifndef REST_WITHOUT_SEQUENCE
  /* shard_writer.cpp renews the sequence, and rest.cpp, observe() counts a rest by it. */
  rest[p] = Unseen; rest[PORTS + p] = Unseen;
#endif
#ifndef NO_CAS
  if
  :: will_put(step[rival]) && same_shard(p, port[rival]) -> idle(rival)
  :: else
  fi
#endif
}

/* PUT of a status with UID and resourceVersion: applier.cpp, act(WriteStatus). */
inline put_status() {
  shown[me] = number + 1;
#ifndef NO_COMMIT_POINT
  if
  :: (step[rival] == ShowPut || step[rival] == ShowLedger) && uid[rival] == me -> idle(rival)
  :: else
  fi
#endif
}

/* ---- one leader ---- */

#define FOR_EACH_NUMBER(DO) DO(0) DO(1)
#define FOR_EACH_PAIR(DO) DO(1, 0) DO(1, 1) DO(2, 0) DO(2, 1) DO(3, 0) DO(3, 1)
#define begin(next, u, p) step[l] = next; uid[l] = u; port[l] = p

/* The owner was seen living and without a number. */
#define BEGIN_CLAIM(u, p)                                                       \
  :: d_step { step[l] == Idle && owner[u] == Living && !holds(u, other(p)) ->   \
       begin(ClaimRead, u, p);                                                  \
       printf("leader %d sees owner %d without a number\n", l, u) }
/* The ledgers were seen to hold the number for the owner. */
#define BEGIN_SHOW(u, p)                                                        \
  :: d_step { step[l] == Idle && holds(u, p) ->                                 \
       begin(ShowOwner, u, p); both[l] = holds(u, other(p));                    \
       printf("leader %d sees that owner %d holds %d\n", l, u, p) }
/* release_candidates(): the owner is not in the cache, which may lag, even behind the owner's creation. */
#define BEGIN_RELEASE(u, p)                                                     \
  :: d_step { step[l] == Idle && holds(u, p) ->                                 \
       begin(ReleaseOwner, u, p);                                               \
       printf("leader %d sees that %d is held for owner %d, which it does not know\n", l, p, u) }
/* release_candidates(): the owner has a number too many, after two leaders claimed for it in two shards. */
#define BEGIN_RELEASE_SURPLUS(u, p)                                             \
  :: d_step { step[l] == Idle && holds(u, p) && holds(u, other(p)) ->           \
       begin(ReleaseOwner, u, p); both[l] = 1;                                  \
       printf("leader %d sees that owner %d holds %d beside the other number\n", l, u, p) }
#define BEGIN_FREE(p)                                                           \
  :: d_step { step[l] == Idle && entry[p] == Resting && rest[l * PORTS + p] == Elapsed -> \
       begin(FreePut, 0, p);                                                    \
       printf("leader %d has watched %d for a whole rest\n", l, p) }
#define OBSERVE(p)                                                              \
  :: d_step { step[l] == Idle && entry[p] == Resting && rest[l * PORTS + p] == Unseen -> \
       rest[l * PORTS + p] = Watched;                                           \
       printf("leader %d watches the rest of %d\n", l, p) }                     \
  :: d_step { step[l] == Idle && entry[p] != Resting && rest[l * PORTS + p] != Unseen -> \
       rest[l * PORTS + p] = Unseen;                                            \
       printf("leader %d sees that %d does not rest\n", l, p) }

/* Between any two steps the rival and the world may do anything, so that what was read is as old as it can be. A
 * refused step ends in Idle: the leader reads again and decides anew, and never writes the same thing again. */
proctype leader(byte l; byte rival) {
end:
  do
  FOR_EACH_PAIR(BEGIN_CLAIM)
  FOR_EACH_PAIR(BEGIN_SHOW)
  FOR_EACH_PAIR(BEGIN_RELEASE)
  FOR_EACH_PAIR(BEGIN_RELEASE_SURPLUS)
  FOR_EACH_NUMBER(BEGIN_FREE)
  FOR_EACH_NUMBER(OBSERVE)

  :: d_step { step[l] == ClaimRead ->
       if
#ifdef ONE_SHARD
       :: reusable(number) && !holds(me, other(number)) -> step[l] = ClaimPut
#else
       :: reusable(number) -> step[l] = ClaimPut
#endif
       :: else -> idle(l)
       fi }
  :: d_step { step[l] == ClaimPut ->
       printf("leader %d claims %d for owner %d\n", l, number, me);
       assert(entry[number] == Free || (entry[number] == Resting && rested[number]));  /* R5 */
       put_shard(number, Held, me);
       idle(l);
       check_rules() }

  :: d_step { step[l] == ShowOwner ->
       if
       :: owner[me] == Living && shown[me] == 0 -> step[l] = ShowPut
       :: owner[me] == Living && shown[me] == number + 1 -> step[l] = PublishProve; both[l] = 0
       :: owner[me] == Living && shown[me] == other(number) + 1 && !both[l] -> step[l] = ShowAnother
       :: else -> idle(l)
       fi }
#ifdef SERVICE_FIRST
  :: d_step { step[l] == ShowOwner && owner[me] == Living && shown[me] == 0 -> step[l] = PublishProve; both[l] = 0 }
#endif
  :: d_step { step[l] == ShowLedger ->
       if
       :: holds(me, other(number)) -> idle(l)
       :: else -> step[l] = ShowPut
       fi }
  :: d_step { step[l] == ShowPut && owner[me] == Living ->
       printf("leader %d shows %d in the status of owner %d\n", l, number, me);
       put_status(); step[l] = PublishCreate; both[l] = 0;
       check_rules() }
  :: d_step { step[l] == ShowPut && owner[me] == Living ->
       printf("leader %d shows %d in the status of owner %d, and the answer is lost\n", l, number, me);
       put_status(); idle(l);
       check_rules() }

  :: d_step { step[l] == PublishProve ->
       if
       :: owner_is_proven -> step[l] = PublishCreate; printf("leader %d has proved owner %d\n", l, me)
       :: else -> idle(l)
       fi }
  :: d_step { step[l] == PublishCreate ->
       if
       :: service_of[name_of(me)] == 0 ->
            printf("leader %d publishes %d for owner %d\n", l, number, me);
            service_of[name_of(me)] = me;
            service_port[name_of(me)] = number;
            late[name_of(me)] = (owner[me] != Living);
#ifdef REACH_REUSE
            first[number] = first[number] || me == 1;
#endif
            check_rules()
       :: else -> assert(service_of[name_of(me)] != me || service_port[name_of(me)] == number)  /* R6 */
       fi;
       idle(l) }

  :: d_step { step[l] == ReleaseOwner ->
       if
       :: both[l] && is_replaced -> step[l] = ReleaseServices
       :: !both[l] && first_proof -> step[l] = ReleaseServices
       :: else -> idle(l)
       fi }
  :: d_step { step[l] == ReleaseServices ->
       if
       :: both[l] && is_unpublished -> step[l] = ReleasePut
       :: !both[l] && second_proof -> step[l] = ReleasePut
       :: else -> idle(l)
       fi }
  :: d_step { step[l] == ReleasePut ->
       printf("leader %d releases %d of owner %d\n", l, number, me);
       put_shard(number, Resting, me);
       idle(l);
       check_rules() }
  :: d_step { step[l] == FreePut ->
       printf("leader %d frees %d\n", l, number);
       assert(entry[number] == Resting && rested[number]);  /* R5 */
       put_shard(number, Free, 0);
       idle(l);
       check_rules() }

  /* Not sent, refused, or given up. */
  :: d_step { step[l] != Idle -> printf("leader %d gives up\n", l); idle(l) }
  /* A crash: what it watched is forgotten too. */
  :: d_step { rest[l * PORTS] != Unseen || rest[l * PORTS + 1] != Unseen ->
       printf("leader %d crashes\n", l);
       idle(l); rest[l * PORTS] = Unseen; rest[l * PORTS + 1] = Unseen }
  od
}

/* ---- the world ---- */

#define BORN(u)                                                                    \
  :: d_step { owner[u] == Unborn && (u != 2 || owner[1] == Gone) ->                \
       owner[u] = Living; printf("owner %d is created\n", u) }
#define DELETED(u)                                                                 \
  :: d_step { owner[u] == Living ->                                                \
       owner[u] = Gone; shown[u] = 0; printf("owner %d is deleted\n", u) }
/* By the garbage collector, a user, or clear_away() in bookkeeper.cpp. A finalizer may keep it for as long as it
 * likes: then this does not happen. */
#define SERVICE_DELETED(n)                                                         \
  :: d_step { service_of[n] != 0 ->                                                \
       printf("the Service of owner %d is deleted\n", service_of[n]);              \
       service_of[n] = 0; service_port[n] = 0; late[n] = 0 }

/* A whole rest (reuseAfter of the range) is longer than the way from an owner's proof to its create, and longer than
 * the garbage collector needs for an object whose owner is gone already when it appears. */
#ifndef REST_TOO_SHORT
#define rest_may_pass (step[0] != PublishCreate && step[1] != PublishCreate && !late[0] && !late[1])
#else
#define rest_may_pass true
#endif

inline pass_rest(p) {
  if
  :: entry[p] == Resting -> rested[p] = 1
  :: else
  fi;
  if
  :: rest[p] == Watched -> rest[p] = Elapsed
  :: else
  fi;
  if
  :: rest[PORTS + p] == Watched -> rest[PORTS + p] = Elapsed
  :: else
  fi
}

proctype world() {
end:
  do
  BORN(1) BORN(2) BORN(3)
  DELETED(1) DELETED(2) DELETED(3)
  SERVICE_DELETED(0) SERVICE_DELETED(1)
  :: d_step { rest_may_pass && (entry[0] == Resting || entry[1] == Resting) ->
       pass_rest(0); pass_rest(1);
       printf("a whole rest passes\n") }
  od
}

init {
  d_step {
    entry[0] = Free; entry[1] = Free;
    owner[0] = Gone; owner[1] = Unborn; owner[2] = Unborn; owner[3] = Unborn;
    step[0] = Idle; step[1] = Idle;
    rest[0] = Unseen; rest[1] = Unseen; rest[2] = Unseen; rest[3] = Unseen
  }
  atomic { run leader(0, 1); run leader(1, 0); run world() }
}
