"""An SSH server on loopback that runs commands as sshd would: `ssh_server.py <folder with keys>`. Prints its port."""

import asyncio
import sys

import asyncssh

folder = sys.argv[1]


async def carry(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def feed(reader, pipe):
    try:
        await carry(reader, pipe)
        pipe.close()
    except (ConnectionError, asyncssh.BreakReceived):
        pass  # The command reads no further.


async def run(process):
    child = await asyncio.create_subprocess_shell(
        process.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    feeding = asyncio.create_task(feed(process.stdin, child.stdin))
    # All of what it says is carried before its end is told: redirections of asyncssh can lose the last of it.
    await asyncio.gather(carry(child.stdout, process.stdout), carry(child.stderr, process.stderr))
    code = await child.wait()
    feeding.cancel()
    process.exit(code)


async def main():
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[f"{folder}/host"],
        authorized_client_keys=f"{folder}/client.pub",
        process_factory=run,
        encoding=None,
    )
    print(server.get_port(), flush=True)
    await server.wait_closed()


asyncio.run(main())
