"""Lines that strace 6.1 wrote, and what they mean."""

from __future__ import annotations

import pytest

from edge.privacy.strace import Event, Listened, Made, Peer, Sent, Spoke, events

RECORDED: list[tuple[str, list[Event]]] = [
    (
        'openat(AT_FDCWD</srv>, "/srv/state/a.bin", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 3</srv/state/a.bin>',
        [Made("/srv/state/a.bin")],
    ),
    ('openat(AT_FDCWD</srv>, "rel.txt", O_WRONLY|O_CREAT, 0666) = 11</srv/x/rel.txt>', [Made("/srv/x/rel.txt")]),
    ('openat(AT_FDCWD</srv>, ".", O_RDWR|O_CLOEXEC|O_TMPFILE, 0777) = 9</srv/#536>(deleted)', [Made("/srv/#536")]),
    ('openat(AT_FDCWD</srv>, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3</etc/hosts>', []),
    ('openat(AT_FDCWD</srv>, "/etc/O_RDWR", O_RDONLY|O_CLOEXEC) = 3</etc/O_RDWR>', []),
    ('openat(AT_FDCWD</srv>, "/etc/x", O_RDWR) = -1 EACCES (Permission denied)', []),
    ('rename("/srv/a.bin", "/srv/b.bin") = 0', [Made("/srv/b.bin")]),
    ('renameat2(AT_FDCWD</srv>, "a", AT_FDCWD</srv>, "b", 0) = 0', [Made("/srv/b")]),
    ('mkdir("/srv/state", 0700)                      = 0', [Made("/srv/state")]),
    ('mkdirat(5</srv/state>, "sub", 0700) = 0', [Made("/srv/state/sub")]),
    ('symlink("/etc/passwd", "/srv/link") = 0', [Made("/srv/link")]),
    (
        (
            'connect(4<TCP:[308736]>, {sa_family=AF_INET, sin_port=htons(1883), sin_addr=inet_addr("10.0.0.7")}, 16)'
            " = -1 EINPROGRESS (Operation now in progress)"
        ),
        [Spoke(Peer("10.0.0.7", 1883))],
    ),
    (
        (
            "connect(8<TCPv6:[308748]>, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 ECONNREFUSED (Refused)'
        ),
        [Spoke(Peer("2001:db8::1", 443))],
    ),
    (
        'connect(9<UNIX-STREAM:[308751]>, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No)',
        [Spoke(Peer("unix:/var/run/nscd/socket"))],
    ),
    ('connect(9<UNIX:[1]>, {sa_family=AF_UNIX, sun_path=@"bus"}, 6) = 0', [Spoke(Peer("unix:@bus"))]),
    ('connect(9<UDP:[1]>, {sa_family=AF_UNSPEC, sa_data="\\0\\0"}, 16) = 0', []),
    (
        'sendto(6<UDP:[3]>, "q", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("9.9.9.9")}, 8) = 1',
        [Spoke(Peer("9.9.9.9", 53)), Sent("UDP:[3]", b"q")],
    ),
    (
        r'sendto(4<TCP:[127.0.0.1:42808->127.0.0.1:1883]>, "\20\377\0001\"x", 6, 0, NULL, 0) = 6',
        [Spoke(Peer("127.0.0.1", 1883), 42808), Sent("TCP:[127.0.0.1:42808->127.0.0.1:1883]", b'\x10\xff\x001"x')],
    ),
    (
        'sendto(4<TCPv6:[[::1]:42808->[::1]:1883]>, "a", 1, 0, NULL, 0) = 1',
        [Spoke(Peer("::1", 1883), 42808), Sent("TCPv6:[[::1]:42808->[::1]:1883]", b"a")],
    ),
    (
        (
            "sendto(5<NETLINK:[ROUTE:123]>, [{nlmsg_len=20, nlmsg_type=RTM_GETADDR}, {ifa_family=AF_UNSPEC}], 20, 0, "
            "{sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 20"
        ),
        [Spoke(Peer("AF_NETLINK")), Sent("NETLINK:[ROUTE:123]", b"")],
    ),
    (
        (
            'sendmsg(4<TCP:[10.0.0.2:4->10.0.0.7:5]>, {msg_name=NULL, msg_iov=[{iov_base="ab", iov_len=2}, '
            '{iov_base="cd", iov_len=2}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 4'
        ),
        [Spoke(Peer("10.0.0.7", 5), 4), Sent("TCP:[10.0.0.2:4->10.0.0.7:5]", b"abcd")],
    ),
    (
        'writev(4</srv/f>, [{iov_base="x", iov_len=1}, {iov_base="y\\"z", iov_len=3}], 2) = 4',
        [Sent("/srv/f", b'xy"z')],
    ),
    ('write(1<pipe:[77]>, "INFO started\\n", 13) = 13', [Sent("pipe:[77]", b"INFO started\n")]),
    ('pwrite64(5</srv/a, b>c.db>, "zz", 2, 4096) = 2', [Sent("/srv/a, b>c.db", b"zz")]),
    ("sendfile(7<TCP:[10.0.0.2:4->9.9.9.9:5]>, 8</srv/f>, NULL, 1) = 1", [Sent("TCP:[10.0.0.2:4->9.9.9.9:5]", b"")]),
    ("listen(3<TCP:[127.0.0.1:40973]>, 128)   = 0", [Listened(40973)]),
    (
        (
            'accept4(3<TCP:[0.0.0.0:9100]>, {sa_family=AF_INET, sin_port=htons(42), sin_addr=inet_addr("10.0.0.9")}, '
            "[16], SOCK_CLOEXEC) = 5<TCP:[10.0.0.1:9100->10.0.0.9:42]>"
        ),
        [Spoke(Peer("10.0.0.9", 42), 9100)],
    ),
    ("+++ exited with 0 +++", []),
    ('write(1<pipe:[77]>, "half of a li', []),
]


@pytest.mark.parametrize(("line", "meant"), RECORDED, ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_a_line_means(line: str, meant: list[Event]) -> None:
    assert list(events([line + "\n"])) == meant
