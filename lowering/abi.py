"""The contract between generated code, the executor and the host: action codes, memory layouts, entry points.

Generated functions have these LLVM signatures. `shared` is four pointers: the launch, the warp's memory, and out of the
launch the frame pool and the argument block; `frame` is a frame id:

    action   resume(shared..., i32 frame)                    one a state
    action   continuation(shared..., i32 frame, T result)    what follows an await, called straight
    outcome  start(shared..., i32 frame, arguments...)       a coroutine from its first line
    checked  plain(shared..., arguments...)                  a helper that may raise; else just T

    action  = { i32 state, i32 frame, i32 release }    enqueue `frame` at `state` if state >= 0; release != 0: free own
    outcome = { i32 state, i32 frame, T result }       state COMPLETED: result counts; else leave with state and frame
    checked = { i32 status, T result }                 status 0, FAILED or STOPPED

and the executor is linked against two functions of the program and a few constants (functions returning a constant):

    action c2c_start(shared..., i32 frame, i64 task)     root task `task` from its first line
    action c2c_resume(shared..., i32 state, i32 frame)   a switch over resume functions
    i32 c2c_states()    i32 c2c_frame_size()
    i32 c2c_children(i32 state)                          the most frames that one resume of the state can begin
"""

from __future__ import annotations

from typing import Final

ABI_VERSION: Final = 2

# States that are not states: what an action or outcome says instead of the next state.
COMPLETED: Final = -1  # the root task (or, in an outcome, the coroutine) is complete; nothing to enqueue
FAILED: Final = -2  # an exception was recorded in Control; the run stops
STOPPED: Final = -3  # the stop flag was seen
PARKED: Final = -4  # somebody else will make this frame ready

NO_FRAME: Final = 0xFFFFFFFF

# A frame that is called into from another frame (a recursive or forked coroutine) starts with this header. In a program
# that forks every frame has it, with the third word.
FRAME_PARENT: Final = 0  # u32: the frame to continue when this one is complete
FRAME_RETURN: Final = 4  # u32: its state (low 15 bits), JOIN, and the byte offset in it for the result (high 16 bits)
FRAME_PENDING: Final = 8  # u32: children still running
FRAME_HEADER_SIZE: Final = 8
FORKING_HEADER_SIZE: Final = 12
JOIN: Final = 0x8000  # in FRAME_RETURN: one of several children, the last of which continues the parent
STATE_MASK: Final = 0x7FFF
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
LAUNCH_SIZE: Final = 80

# struct Control: in memory that all warps see, zeroed for each run. Hot words sit on cache lines of their own.
CONTROL_STOP: Final = 0  # u32: the host (or a failing task) asks everyone to stop
CONTROL_ERROR: Final = 4  # u32: 0, or 1 + the site of the first exception, or one of the ERROR_ codes
CONTROL_INJECTOR: Final = 128  # u64: root tasks handed out
CONTROL_CENSUS: Final = 256  # u64: how many warps are busy, idle with free frames, or starved (`runtime.census`)
CONTROL_FRAMES: Final = 384  # u32: frames of the pool ever handed out
CONTROL_PRINT_HEAD: Final = 512  # u64: bytes of print records wanted so far
CONTROL_DONE: Final = 640  # u64: root tasks completed (for the progress bar)
CONTROL_RETURNED: Final = 768  # u64: the stack of chains of free frames: a tag, and 1 + the first frame of the newest
CONTROL_SPARE: Final = 896  # u64: the stack of overflow chunks that are free again, likewise
CONTROL_OVERFLOW: Final = 904  # u32: overflow chunks ever handed out
CONTROL_RESCUE: Final = 1024  # u32: odd while a warp may use the reserve of the frame pool; counts up
CONTROL_RESERVE_USED: Final = 1028  # u32: frames of the reserve ever handed out
CONTROL_RESERVE_HEAD: Final = 1032  # u32: 1 + the first of the chain of those given back
CONTROL_RESERVE_LENT: Final = 1036  # u32: frames of the reserve that are lent now
CONTROL_SIZE: Final = 1152

ERROR_FRAME_POOL: Final = 0xFFFFFFFF  # no frame left
ERROR_INTERNAL: Final = 0xFFFFFFFE  # an invariant of the executor failed

# A print record: u32 site, u32 bytes of the record, then 8 bytes a value (i64, u64, f64 bits; f32 as f64).
PRINT_HEADER: Final = 8
PRINT_VALUE: Final = 8

# Statistics: u64 counters at these indices, then, from STAT_STATES on, one a state (resumes of lanes), then one more a
# state: the tasks alive in it, counted where a full frame pool ends the run.
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
STAT_STATES: Final = 16
