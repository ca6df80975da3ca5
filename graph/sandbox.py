"""Confinement of a child process that handles what others wrote: no network, bounded memory, time and file size.

The network is closed by a seccomp filter (Linux, x86-64 and AArch64), which needs no privilege: ``socket`` with an
internet family and ``io_uring_setup`` fail with EACCES. Where the kernel offers no seccomp ``confine`` says so by its
return value, and the caller decides. Limits are those of setrlimit(2) and are inherited by grandchildren.
"""

from __future__ import annotations

import ctypes
import platform
import resource
import struct
import sys

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_SECCOMP_RET_ALLOW = 0x7FFF0000
_SECCOMP_RET_ERRNO = 0x00050000
_SECCOMP_RET_KILL_PROCESS = 0x80000000
_EACCES = 13
_AF_INET, _AF_INET6, _AF_NETLINK, _AF_PACKET, _AF_VSOCK = 2, 10, 16, 17, 40

# machine → (audit architecture, number of socket(2), number of io_uring_setup(2))
_ARCHITECTURES = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}
# x86-64 also answers to the x32 numbers, which have this bit set
_X32_BIT = 0x40000000

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x35, 0x06


class _FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def confine(*, memory: int | None = None, cpu_seconds: int | None = None, file_size: int | None = None) -> bool:
    """Confine the calling process for the rest of its life; call it in a single-threaded child, before any input.

    memory: bytes of address space; cpu_seconds: processor time, after which the kernel kills; file_size: bytes of the
    largest file it may write. Returns whether the network is closed.
    """
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CORE, 0),
    ):
        if value is not None:
            _, hard = resource.getrlimit(limit)
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (bound, bound))
    return close_network()


def close_network() -> bool:
    """Deny internet sockets to this process and its children for good; False where the platform cannot."""
    if sys.platform != "linux" or platform.machine() not in _ARCHITECTURES:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    program = _network_filter(*_ARCHITECTURES[platform.machine()])
    instructions = ctypes.create_string_buffer(program, len(program))
    filter_program = _FilterProgram(len(program) // 8, ctypes.cast(instructions, ctypes.c_char_p))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter_program), 0, 0) == 0)


def _network_filter(architecture: int, socket_number: int, uring_number: int) -> bytes:
    """A classic BPF program over ``struct seccomp_data`` {int nr; u32 arch; u64 ip; u64 args[6]} (seccomp(2))."""
    deny = _SECCOMP_RET_ERRNO | _EACCES
    families = (_AF_INET, _AF_INET6, _AF_NETLINK, _AF_PACKET, _AF_VSOCK)
    tail = len(families)
    code: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, 4),  # arch
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _SECCOMP_RET_KILL_PROCESS),
        (_LOAD, 0, 0, 0),  # nr
        (_JUMP_GREATER_EQUAL, tail + 4, 0, _X32_BIT),
        (_JUMP_EQUAL, tail + 3, 0, uring_number),
        (_JUMP_EQUAL, 0, tail + 1, socket_number),
        (_LOAD, 0, 0, 16),  # args[0], the family
    ]
    code += [(_JUMP_EQUAL, tail - index, 0, family) for index, family in enumerate(families)]
    code += [(_RETURN, 0, 0, _SECCOMP_RET_ALLOW), (_RETURN, 0, 0, deny)]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)
