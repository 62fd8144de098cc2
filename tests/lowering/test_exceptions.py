"""The correctness equation (`equation`) on programs that raise, handle and clean up."""

from __future__ import annotations

import numpy
import pytest
from equation import Programs, check, coroutine

from coro2cuda.frontend.builtins import atomic_add, gather, reschedule

program = Programs()


class Refused(Exception):
    pass


class TooBig(Refused):
    pass


class Cold(Refused, ValueError):
    """Both a class of ours and one of Python's."""


FAULTS = (KeyError, Refused)


@pytest.mark.parametrize("function, arguments", program)
def test_exceptions_mean_what_they_mean_in_cpython_in_every_schedule(function, arguments):
    check(function, arguments, seeds=3)


# --- what is raised


def inverse(x: int) -> int:
    return 100 // x


def checked_inverse(x: int) -> int:
    if x > 50:
        raise TooBig(x, f"{x} is over {50}")
    return inverse(x)


@coroutine
async def later(x: int) -> int:
    """Fails after it was suspended."""
    await reschedule()
    return checked_inverse(x)


@coroutine
async def now(x: int) -> int:
    """Fails, or completes, before it suspends."""
    if x < 0:
        raise Cold("negative", x)
    if x == 0:
        return inverse(x)
    if x > 3:
        await reschedule()
    return checked_inverse(x)


@coroutine
async def never(x: int) -> int:
    await reschedule()
    return x + 1


@program((1,), (0,))
async def a_class(n: int) -> int:
    if n:
        raise Refused
    return n


@program((1,))
async def without_arguments(n: int) -> int:
    raise KeyError()


@program((3,))
async def one_text(n: int) -> int:
    raise Refused("refused")


@program((3,))
async def empty_text(n: int) -> int:
    raise Refused("")


@program((3, 2.5, True))
async def numbers(n: int, x: float, b: bool) -> int:
    raise Refused(n, x, b, 7, -2.0, n * 2)


@program((3, 2.5))
async def formatted(n: int, x: float) -> int:
    raise TooBig(f"{n} of {n + 1}: {x}", f"{n > 2}")


@program((numpy.arange(3), 5), (numpy.arange(3), -9))
async def by_the_language(a, i: int) -> int:
    return a[i]


@program((7,), (-7,))
async def in_a_helper(n: int) -> int:
    return checked_inverse(n * 10)


@program((0,), (60,), (4,), (-1,))
async def through_awaits(n: int) -> int:
    return await later(n) + await now(n)


# --- handlers


@program((0,), (60,), (-1,), (5,))
async def by_class(n: int) -> int:
    try:
        return await now(n)
    except ZeroDivisionError:
        return -1
    except TooBig:
        return -2
    except ValueError:
        return -3


@program((0,), (60,), (-1,))
async def the_first_that_fits(n: int) -> int:
    try:
        return await now(n)
    except Refused:
        return 1
    except (TooBig, Cold):
        return 2
    except ArithmeticError:
        return 3
    except Exception:
        return 4


@program((0,), (60,), (-1,))
async def by_a_tuple_of_the_host(n: int) -> int:
    try:
        return await now(n)
    except FAULTS:
        return 1
    except (ArithmeticError, LookupError):
        return 2


@program((0,), (60,))
async def all_of_them(n: int) -> int:
    try:
        return await later(n)
    except:  # noqa: E722
        return 1


@program((0,), (60,))
async def base_exception(n: int) -> int:
    try:
        return await later(n)
    except BaseException:
        return 1


@program((0,), (60,), (-1,))
async def none_that_fits(n: int) -> int:
    try:
        return await now(n)
    except (KeyError, IndexError, TooBig):
        return 1


@program((0,), (1,))
async def around_what_never_fails(n: int) -> int:
    try:
        n = await never(n)
    except ValueError:
        n = 99
    return n


@program((0,), (3,), (60,))
async def with_else(n: int) -> int:
    r = 0
    try:
        r = await later(n)
    except ZeroDivisionError:
        r += 1
    else:
        r += 10
        if n == 3:
            raise KeyError(n)
    return r


@program((0,), (3,), (60,), (-1,))
async def all_clauses(n: int) -> int:
    r = 1
    try:
        r = r * 10 + await now(n)
    except ZeroDivisionError:
        r = r * 10 + 2
    except ValueError:
        r = r * 10 + 3
    else:
        r = r * 10 + 4
    finally:
        r = r * 10 + 5
    return r


@program((0,), (4,))
async def of_an_assert(n: int) -> int:
    try:
        assert n > 2, "small"
        return 1
    except AssertionError:
        return 2


@program((0,), (5,), (-4,))
async def of_an_index(n: int) -> int:
    pair = (3, 4)
    try:
        return pair[n]
    except IndexError:
        return -1


@program((float("nan"),), (float("inf"),), (2.5,))
async def of_a_conversion(x: float) -> int:
    try:
        return int(x)
    except ValueError:
        return -1
    except OverflowError:
        return -2


@program((0,), (60,))
async def in_a_plain_helper(n: int) -> int:
    return guarded(n) + guarded(1)


def guarded(n: int) -> int:
    try:
        return checked_inverse(n)
    except ZeroDivisionError:
        return -5
    except TooBig as e:
        if n == 60:
            raise Cold("in a helper") from e
        raise


@program((60,), (61,))
async def a_helper_that_raises_again(n: int) -> int:
    try:
        return guarded(n)
    except Refused:
        await reschedule()
        return 77


# --- raising again


@program((0,), (60,), (-1,), (2,))
async def bare_raise(n: int) -> int:
    try:
        return await now(n)
    except ValueError:
        raise
    except ZeroDivisionError:
        return 5


@program((0,), (60,), (-1,))
async def by_name(n: int) -> int:
    try:
        return await later(n)
    except (ZeroDivisionError, Refused) as e:
        if n == 0:
            raise e
        raise


@program((0,), (60,), (-1,))
async def another_from_it(n: int) -> int:
    try:
        return await now(n)
    except ZeroDivisionError as e:
        raise KeyError(n) from e
    except TooBig as e:
        raise KeyError(n, 2) from e
    except ValueError:
        raise LookupError("gone") from None


@program((0,), (60,))
async def again_from_another(n: int) -> int:
    try:
        try:
            return await later(n)
        except ZeroDivisionError as inner:
            raise Refused("inner") from inner
    except Refused as outer:
        await reschedule()
        raise Cold("outer", n) from outer


@program((0,))
async def the_outer_one_in_an_inner_handler(n: int) -> int:
    try:
        return await later(n)
    except ZeroDivisionError as first:
        try:
            return await later(60)
        except TooBig:
            raise first  # noqa: B904


@program((0,), (60,))
async def raised_in_a_handler_and_handled(n: int) -> int:
    r = 0
    try:
        await later(n)
    except Exception as e:
        try:
            await reschedule()
            raise KeyError(1) from e
        except KeyError:
            r += 1
        try:
            r += await later(-n)
        except ZeroDivisionError:
            r += 10
        r += 100
    return r


@program((0,), (60,))
async def the_same_name_twice(n: int) -> int:
    r = 0
    for k in range(2):
        try:
            await later(n * k)
        except ZeroDivisionError as e:
            r += 1
            if k == 1:
                raise Refused(r) from e
        except TooBig as e:
            r += 10
            raise Refused(r) from e
    return r


@program((0,), (3,))
async def an_error_in_else(n: int) -> int:
    try:
        r = await never(n)
    except ZeroDivisionError:
        r = -1
    else:
        try:
            r = inverse(r - 1)
        except ZeroDivisionError:
            r = -2
    return r


@program((0,), (1,))
async def again_with_another_cause(n: int) -> int:
    try:
        await later(0)
    except ZeroDivisionError as a:
        try:
            await later(60)
        except TooBig as b:
            if n:
                raise b from None
            raise b from a
    return 1


# --- finally


@program((0,), (60,), (2,))
async def after_everything(n: int) -> int:
    r = 0
    try:
        r = await later(n)
    finally:
        r += 1
        await reschedule()
    return r


@program((numpy.zeros(4, numpy.int64), 0), (numpy.zeros(4, numpy.int64), 60), (numpy.zeros(4, numpy.int64), 3))
async def cleans_up_on_every_way(a, n: int) -> int:
    try:
        atomic_add(a, 0, 1)
        r = await now(n)
        atomic_add(a, 1, 1)
        return r
    except ZeroDivisionError:
        atomic_add(a, 2, 1)
        return -1
    finally:
        await reschedule()
        atomic_add(a, 3, 1)


@program((0,), (60,))
async def return_in_finally(n: int) -> int:
    try:
        return await later(n)
    finally:
        return 5  # noqa: B012, SIM107


@program((0,), (1,), (2,), (3,), (60,))
async def out_of_loops(n: int) -> int:
    r = 0
    for i in range(5):
        try:
            r += 1
            if i == n:
                break
            if n == 2:
                continue
            r += await later(n)
        except TooBig:
            r += 1000
            continue
        finally:
            r += 10
            if i == 3:
                break  # noqa: B012
        r += 100
    else:
        r = -r
    return r


@program((0,), (60,), (4,))
async def continue_in_finally(n: int) -> int:
    r = 0
    for i in range(3):
        try:
            r += await later(n * i)
        finally:
            r += 1
            continue  # noqa: B012
    return r


@program((0,), (60,))
async def break_drops_the_error(n: int) -> int:
    while True:
        try:
            await later(n)
        finally:
            break  # noqa: B012
    return n


@program((0,), (60,), (3,))
async def finally_in_finally(n: int) -> int:
    r = 0
    try:
        try:
            r = await later(n)
        finally:
            try:
                r += await later(n - 60)
            except ZeroDivisionError:
                r += 2
            finally:
                r += 4
    except TooBig:
        r += 8
    except ZeroDivisionError:
        r += 16
    return r


@program((0,), (60,))
async def an_error_in_finally(n: int) -> int:
    try:
        return await later(n)
    finally:
        await later(0)


@program((3,), (0,))
async def the_value_before_finally(n: int) -> int:
    r = n
    try:
        return r
    finally:
        r = 77
        await reschedule()


@program((0,), (1,), (2,), (3,))
async def return_through_several(n: int) -> int:
    for i in range(3):
        try:
            try:
                if n == i:
                    return i * 10
            finally:
                n += 100 if n == 2 else 0
        finally:
            await reschedule()
    return n


@program((0,), (60,), (2,))
async def finally_without_a_handler_in_a_handler(n: int) -> int:
    r = 0
    try:
        await later(n)
    except Exception:
        try:
            r += 1
            if n == 60:
                raise KeyError
        finally:
            r += 10
        return r
    return -1


# --- loops


@program((0,), (4,), (60,))
async def retries(n: int) -> int:
    tries = 0
    while True:
        try:
            return tries * 100 + await now(n - tries)
        except TooBig:
            tries += 5
        except ZeroDivisionError:
            tries -= 2


@program((5,), (0,))
async def counts_failures(n: int) -> tuple[int, int]:
    good, bad = 0, 0
    for i in range(-n, n):
        try:
            good += await now(i)
        except (ZeroDivisionError, Cold):
            bad += 1
    return good, bad


@program((3,), (4,))
async def nested_loops(n: int) -> int:
    r = 0
    for i in range(n):
        try:
            for j in range(n):
                try:
                    r += await later(j - i)
                    if j == 2:
                        break
                except ZeroDivisionError:
                    if i == 2:
                        raise
                    continue
                finally:
                    r += 1
        except ZeroDivisionError:
            r += 1000
    return r


@program((numpy.array([4, 0, 70, 2]),), (numpy.array([], int),))
async def over_an_array(a) -> int:
    r = 0
    for x in a:
        try:
            r += await later(int(x))
        except ArithmeticError:
            r += 1
        except Refused:
            r += 2
    return r


# --- variables


@program((0,), (60,), (2,))
async def assigned_on_the_way(n: int) -> int:
    x = 1
    try:
        x = 2
        await reschedule()
        x = await later(n)
        x = 4
    except ZeroDivisionError:
        x += 10
    except TooBig:
        x += 20
    return x


@program((0,), (2,))
async def swapped_and_failed(n: int) -> tuple[int, int]:
    a, b = 1, 2
    try:
        a, b = b, await later(n)
    except ZeroDivisionError:
        await reschedule()
        a, b = b * 10, a * 10
    return a, b


@program((0,), (2,))
async def in_an_expression(n: int) -> int:
    r = 5
    try:
        r += (r := 7) + await later(n)
    except ZeroDivisionError:
        return -r
    return r


@program((0,), (1,))
async def handler_needs_more_than_the_rest(n: int) -> int:
    """The slot of `k` must still hold it when only the landing reads it."""
    k = n + 41
    m = k * 2
    try:
        m = await later(n)
    except ZeroDivisionError:
        return k + m
    return m


# --- recursion


@program((5,), (0,))
async def recursive(n: int) -> int:
    if n == 0:
        return inverse(n)
    return await recursive(n - 1) + 1


@program((6,), (1,))
async def handled_half_way(n: int) -> int:
    if n == 0:
        await reschedule()
        raise TooBig(n)
    try:
        return await handled_half_way(n - 1) + 1
    except TooBig as e:
        if n == 3:
            return 50
        raise Refused(n) from e
    except Refused:
        if n > 4:
            raise
        return 7
    finally:
        await reschedule()


@program((7,), (8,))
async def mutual(n: int) -> int:
    try:
        return await other(n - 1)
    except KeyError:
        if n % 3 == 0:
            return n
        raise


@coroutine
async def other(n: int) -> int:
    if n < 1:
        raise KeyError("bottom")
    await reschedule()
    return await mutual(n - 1)


# --- gather


@program((0,), (60,), (3,))
async def of_several(n: int) -> int:
    try:
        a, b, c = await gather(never(n), later(n), never(2))
        return a + b + c
    except ZeroDivisionError:
        return -1
    except TooBig:
        return -2


@program((numpy.zeros(1, numpy.int64),))
async def siblings_run_to_their_end(a) -> int:
    try:
        await gather(adds(a, 1, 0), adds(a, 5, 2), adds(a, 5, 3))
    except ZeroDivisionError:
        return int(a[0])
    return -1


@coroutine
async def adds(a, turns: int, x: int) -> None:
    for _ in range(turns):
        await reschedule()
        atomic_add(a, 0, 1)
    inverse(x)


@program((5,), (6,))
async def tree(n: int) -> int:
    """Every leaf fails, every parent of a leaf handles that."""
    if n < 2:
        return inverse(0)
    try:
        a, b = await gather(tree(n - 1), tree(n - 2))
        return a + b
    except ZeroDivisionError:
        return 1


@program((4,))
async def nobody_handles_it(n: int) -> int:
    try:
        return await leaves(n)
    finally:
        await reschedule()


@coroutine
async def leaves(n: int) -> int:
    if n == 0:
        return inverse(n)
    a, b = await gather(leaves(n - 1), leaves(n - 1))
    return a + b


@program((0,), (1,))
async def all_fail_alike(n: int) -> int:
    try:
        a, b = await gather(later(n * 0), later(0))
        return a + b
    except ArithmeticError:
        return -1


@program((0,), (2,))
async def gathered_in_finally(n: int) -> int:
    r = 0
    try:
        r = await later(n)
    except ZeroDivisionError:
        r = 1
    finally:
        a, b = await gather(never(1), never(2))
        r += a * b
    return r


@program((2,), (0,))
async def alone_and_gathered(n: int) -> int:
    """The same coroutine fails to a parent that waits for it alone, and to one that waits for several."""
    r = 0
    try:
        r += await joined(n)
    except ZeroDivisionError:
        r += 1000
    try:
        (x,) = await gather(joined(n))
        r += x
    except ZeroDivisionError:
        r += 2000
    return r


@coroutine
async def joined(n: int) -> int:
    await reschedule()
    return inverse(n)
