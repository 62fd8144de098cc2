"""The contract between generated code, the executor and the host: action codes, memory layouts, entry points.

Generated functions have these LLVM signatures. `shared` is four pointers: the launch, the warp's memory, and out of the
launch the frame pool and the argument block; `frame` is a frame id:

    action   resume(shared..., i32 frame)                    one a state
    action   continuation(shared..., i32 frame, T result)    what follows an await, called straight
    outcome  start(shared..., i32 frame, arguments...)       a coroutine from its first line
    checked  plain(shared..., arguments...)                  a helper that may raise; else just T

    action  = { i32 state, i32 frame, i32 release }    enqueue `frame` at `state` if state >= 0; release != 0: free own
    outcome = { i32 state, i32 frame, T result }       state COMPLETED: result counts; FAILED: frame is the error; else
                                                       leave with state and frame
    checked = { i32 status, T result }                 status 0, the error, or STOP_IN_FLIGHT

and the executor is linked against three functions of the program and a few constants (functions returning a constant):

    action c2c_start(shared..., i32 frame, i64 task)     root task `task` from its first line
    action c2c_resume(shared..., i32 state, i32 frame)   a switch over resume functions
    action c2c_unwind(shared..., i32 state, i32 frame, i32 error)   a switch over landings: state's await has failed
    i32 c2c_states()    i32 c2c_frame_size()
    i32 c2c_children(i32 state)                          the most frames that one resume of the state can begin
"""

from __future__ import annotations

from typing import Final

ABI_VERSION: Final = 5

# States that are not states: what an action or outcome says instead of the next state.
COMPLETED: Final = -1  # the root task (or, in an outcome, the coroutine) is complete; nothing to enqueue
PARKED: Final = -2  # somebody else will make this frame ready
STOPPED: Final = -3  # the stop flag was seen, or raised by an error that nobody handles; this warp ends
FAILED: Final = -4  # the coroutine of this framed frame failed (`failures` has the error); in an outcome: see there
UNWIND: Final = -16  # and below: go on in the landing of state UNWIND - state of this frame (`failures` has the error)

NO_FRAME: Final = 0xFFFFFFFF

# A frame that is called into from another frame (a recursive or forked coroutine) starts with this header. In a program
# that forks every frame has it, with the third word.
FRAME_PARENT: Final = 0  # u32: the frame to continue when this one is complete
FRAME_RETURN: Final = 4  # u32: its state (low 15 bits), JOIN, and the byte offset in it for the result (high 16 bits)
FRAME_PENDING: Final = 8  # u32: children still running, and CHILD_FAILED
FRAME_HEADER_SIZE: Final = 8
FORKING_HEADER_SIZE: Final = 12
# In a program that waits for synchronisation objects every frame has all of these (docs/waiting.md). Links are a frame
# id + 1, or 0.
FRAME_NEXT: Final = 12  # u32: the next in a list of waiters, or of woken frames
FRAME_PREV: Final = 16  # u32: the one before in a list of waiters; of a sleeping task, its place in the heap of timers
FRAME_WAKE: Final = 20  # u32: the state to go on in
FRAME_OBJECT: Final = 24  # u32: the object it is parked on, 0 if it is not parked
FRAME_PLACE: Final = 28  # u32: the byte offset in the frame for what the waker delivers; once woken, what came of it
WAITING_HEADER_SIZE: Final = 32
# In a program whose tasks can be cancelled, these too (docs/cancellation.md).
FRAME_SCOPE: Final = 32  # u32: the innermost scope it runs in, or 0
FRAME_SEEN: Final = 36  # u32: how many of the scope's requests it has answered
FRAME_HOLD: Final = 40  # u32: of a parked frame, who may wake it: HOLD_...
FRAME_LIST: Final = 44  # u32: the word of the object where the list begins that it is in, or NO_LIST
FRAME_MEMBER_NEXT: Final = 48  # u32: the next parked frame of the scope
FRAME_MEMBER_PREV: Final = 52
CANCELLABLE_HEADER_SIZE: Final = 56
HOLD_FREE: Final = 0  # only its waker
HOLD_LISTED: Final = 1  # its waker or a canceller
HOLD_CLAIMED: Final = 2  # a canceller has it
HOLD_OWED: Final = 3  # only its waker, who is to tell it that it was cancelled
NO_LIST: Final = 0xFFFFFFFF
JOIN: Final = 0x8000  # in FRAME_RETURN: one of several children, the last of which continues the parent
STATE_MASK: Final = 0x7FFF
CHILD_FAILED: Final = 0x80000000  # in FRAME_PENDING: a child has failed; `failures` of this frame has the first error
FRAME_ALIGNMENT: Final = 16

# struct Launch: written by the host for each run, read by everyone. Offsets in bytes, pointers are 8 bytes.
LAUNCH_FRAMES: Final = 0  # ptr: the frame pool
LAUNCH_UNIFORMS: Final = 8  # ptr: the argument block
LAUNCH_CONTROL: Final = 16  # ptr: struct Control
LAUNCH_DEQUES: Final = 24  # ptr: a chunk deque a warp
LAUNCH_CHUNKS: Final = 32  # ptr: the chunks of those deques
LAUNCH_STATISTICS: Final = 40  # ptr: u64 counters, or null
LAUNCH_PRINTS: Final = 48  # ptr: the print buffer
LAUNCH_PRINT_CAPACITY: Final = 56  # u64: its bytes
LAUNCH_ROOTS: Final = 64  # i64: root tasks
LAUNCH_FRAME_COUNT: Final = 72  # u32: frames in the pool
LAUNCH_WARP_COUNT: Final = 76  # u32: warps in this launch
LAUNCH_ERRORS: Final = 80  # ptr: a word an error (0: free), rounded up to 16 bytes, then the records
LAUNCH_FAILURES: Final = 88  # ptr: u32 a frame: the error that it failed with, or that its children gave it
LAUNCH_ERROR_COUNT: Final = 96  # u32: errors there can be at once
LAUNCH_HEAP: Final = 104  # ptr: the heap of synchronisation objects, or null
LAUNCH_HEAP_LONGS: Final = 112  # ptr: the same, seen as u64
LAUNCH_HEAP_SIZE: Final = 120  # u32: its granules of 16 bytes
LAUNCH_WARP_MEMORY: Final = 128  # ptr: warp memory that shared memory has no room for, or null
LAUNCH_FREE_BLOCKS: Final = 136  # ptr: u64 a stack of free blocks of the heap
LAUNCH_SIZE: Final = 144

# The heap (`runtime.heap`): a header, then blocks; a handle is the index of a block's granule.
HEAP_GRANULE: Final = 16
HEAP_BUMP: Final = 0  # u64: granules handed out, the header's among them
HEAP_CLASSES: Final = 28
HEAP_HEADER: Final = 128

# An object's words. What the last four mean depends on its kind.
OBJECT_LOCK: Final = 0
OBJECT_COUNT: Final = 1  # references
OBJECT_KIND: Final = 2  # index in OBJECT_KINDS, plus 1 | index in Program.sites, or MADE_ON_HOST << KIND_BITS
OBJECT_LINE: Final = 3  # who waits for the lock (`runtime.spin_lock`)
OBJECT_HEAD: Final = 4
OBJECT_TAIL: Final = 5
OBJECT_VALUE: Final = 6
OBJECT_EXTRA: Final = 7
OBJECT_KINDS: Final = (
    "event", "lock", "semaphore", "bounded_semaphore", "condition", "queue", "barrier", "timers", "task", "group",
    "list", "tasks", "timeout",
)  # fmt: skip
OBJECT_WORDS: Final = 8

# What a function that may wait says: the frame is parked, or which error it is; 0: go on.
PARKED_THERE: Final = 1
FIRST_ERROR: Final = 2
TASK_FAILED: Final = 0xFFFFFFFE  # the task that is awaited has failed
CANCELLED: Final = 0xFFFFFFFF  # the waiter is to get CancelledError

# A scope, that is a task, a group or a timeout in a program whose tasks can be cancelled.
SCOPE_LOCK: Final = 8
SCOPE_REQUESTS: Final = 9  # how often it was cancelled
SCOPE_PARENT: Final = 10  # the scope around it, or 0
SCOPE_NEXT: Final = 11  # in its parent's list
SCOPE_PREV: Final = 12
SCOPE_CHILDREN: Final = 13  # the first scope inside
SCOPE_MEMBERS: Final = 14  # 1 + the first parked frame
SCOPE_INHERITED: Final = 15  # how many requests it had when the last one came from outside; 0: none did
SCOPE_LINE: Final = 19  # who waits for SCOPE_LOCK
SCOPE_WORDS: Final = 20  # all that a scope has; a task's result follows

QUEUE_WORDS: Final = 32
EVENT_CROWD: Final = 8  # u64: the handle of the crowd that gathers, or 0 << 32 | places drawn in it (`runtime.crowd`)
EVENT_WORDS: Final = 12
KIND_BITS: Final = 8
MADE_ON_HOST: Final = 0xFFFFFF

# struct Control: in memory that all warps see, zeroed for each run. Hot words sit on cache lines of their own.
CONTROL_STOP: Final = 0  # u32: the host (or a failing task) asks everyone to stop
CONTROL_ERROR: Final = 4  # u32: 0, or the first error that nobody handled, or one of the ERROR_ codes
CONTROL_ERROR_CURSOR: Final = 8  # u32: where to look for a free record next
CONTROL_INJECTOR: Final = 128  # u64: root tasks handed out
CONTROL_CENSUS: Final = 256  # u64: how many warps are busy, idle with free frames, or starved (`runtime.census`)
CONTROL_FRAMES: Final = 384  # u32: frames of the pool ever handed out
CONTROL_PRINT_HEAD: Final = 512  # u64: bytes of print records wanted so far
CONTROL_DONE: Final = 640  # u64: root tasks completed (for the progress bar)
CONTROL_RETURNED: Final = 768  # u64: the stack of chains of free frames: a tag, and 1 + the first frame of the newest
CONTROL_IS_VIRTUAL: Final = 832  # u32: the host sets it where time is virtual (one warp only)
CONTROL_CLOCK: Final = 840  # u64: the virtual clock, nanoseconds
CONTROL_SPARE: Final = 896  # u64: the stack of overflow chunks that are free again, likewise
CONTROL_OVERFLOW: Final = 904  # u32: overflow chunks ever handed out
CONTROL_RESCUE: Final = 1024  # u32: odd while a warp may use the reserve of the frame pool; counts up
CONTROL_RESERVE_USED: Final = 1028  # u32: frames of the reserve ever handed out
CONTROL_RESERVE_HEAD: Final = 1032  # u32: 1 + the first of the chain of those given back
CONTROL_RESERVE_LENT: Final = 1036  # u32: frames of the reserve that are lent now
CONTROL_CROWD: Final = 1152  # u64: the crowd that is being woken: its frames << 32 | those taken
CONTROL_CROWD_AT: Final = 1280  # u32: its handle
CONTROL_CROWD_TAKEN: Final = 1284  # u32: 1 while there is one
CONTROL_CROWD_WOKEN: Final = 1288  # u32: how many of its frames are ready
CONTROL_SIZE: Final = 1408

ERROR_FRAME_POOL: Final = 0xFFFFFFFF  # no frame left
ERROR_INTERNAL: Final = 0xFFFFFFFE  # an invariant of the executor failed
ERROR_POOL: Final = 0xFFFFFFFD  # no record left for another error

# An error is 1 + the index of its record; one beyond the last stands for an error that found no record.
STOP_IN_FLIGHT: Final = 0x7FFFFFFF  # in place of an error: the stop flag was seen
NO_KIND: Final = 0xFFFFFFFF  # the class of an error without a record

# An error record, in words: this header, places, then two words an argument (i64, u64, f64 bits; f32 as f64).
ERROR_SITE: Final = 0  # what was raised, and where
ERROR_KIND: Final = 1  # its class
ERROR_CAUSE: Final = 2  # 0, the error it was raised from, or CAUSE_NONE
ERROR_CONTEXT: Final = 3  # 0, or the error that was handled when it was raised; its record is freed with this one
ERROR_TRACED: Final = 4  # how many places were added to its traceback
ERROR_ROOT: Final = 5  # the index of the root task it ended, or NO_ROOT
ERROR_MEMBERS: Final = 6  # of an ExceptionGroup: its first member, which it owns
ERROR_SIBLING: Final = 7  # the next member of the same group, or 0
ERROR_TRACE: Final = 8
TRACE_FIRST: Final = 16  # the first places are kept,
TRACE_LAST: Final = 10  # and the last ones, in a ring
ERROR_ARGUMENTS: Final = 34
NO_ROOT: Final = 0xFFFFFFFF  # not known
CAUSE_NONE: Final = 0xFFFFFFFF  # raised `from None`

# A print record: u32 site, u32 bytes of the record, then 8 bytes a value (i64, u64, f64 bits; f32 as f64).
PRINT_HEADER: Final = 8
PRINT_VALUE: Final = 8

# Statistics: STAT_ROWS rows of u64 counters, of which each warp adds to one, so that thousands that end at once do not
# queue up; then one a state (resumes of lanes), then one more a state: the tasks alive in it, counted where a full
# frame pool ends the run. The host adds the rows up, and has the states' from STAT_STATES on.
STAT_ROWS: Final = 16
STAT_GROUPS: Final = 0
STAT_LANES: Final = 1
STAT_STARTS: Final = 2
STAT_SPILLS: Final = 3
STAT_CHUNK_POPS: Final = 4
STAT_IDLE_LOOPS: Final = 5
STAT_SPAWNS: Final = 6
STAT_STEALS: Final = 7
STAT_PROBES: Final = 8
STAT_TICKS: Final = 9  # of the clock, in the executor
STAT_IDLE_TICKS: Final = 10  # of those, without work
STAT_CHECKED: Final = 14  # warps that were compiled with CHECKS and have ended
STAT_FREE_FRAMES: Final = 15  # with CHECKS: free when the warps ended
STAT_STATES: Final = 16  # counters in a row
