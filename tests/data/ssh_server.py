"""An SSH server on loopback that runs commands as sshd would: `ssh_server.py <folder with keys>`. Prints its port."""

import asyncio
import sys

import asyncssh

folder = sys.argv[1]


async def run(process):
    child = await asyncio.create_subprocess_shell(
        process.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
    code = await child.wait()
    await process.stdout.drain()
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
