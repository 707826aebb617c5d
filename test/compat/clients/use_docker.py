"""A Python user's program on Debian's python3-docker. Prints what it saw as JSON."""

import io
import json
import sys
import tarfile

import docker

image = sys.argv[1]
client = docker.from_env()
saw = {}


def archive_of(name, text):
    data = text.encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    packed.seek(0)
    return packed


saw["run"] = client.containers.run(image, ["echo", "hello"], remove=True).decode()
try:
    client.containers.run(image, ["sh", "-c", "echo broken >&2; exit 3"], remove=True)
except docker.errors.ContainerError as error:
    saw["failed"] = [error.exit_status, error.stderr.decode()]

network = client.networks.create("py-net", labels={"by": "python"})
volume = client.volumes.create("py-vol", labels={"by": "python"})
server = client.containers.run(
    image,
    ["sh", "-c", "mkdir -p /www; echo page > /www/index.html; echo serving; exec httpd -f -p 80 -h /www"],
    name="py-web",
    detach=True,
    network="py-net",
    ports={"80/tcp": None},
    environment={"A": "1"},
    volumes={"py-vol": {"bind": "/data", "mode": "rw"}},
    labels={"by": "python"},
)
for line in server.logs(stream=True, follow=True):
    if b"serving" in line:
        break
server.reload()
saw["status"] = server.status
saw["has_port"] = int(server.ports["80/tcp"][0]["HostPort"]) > 0
saw["by_name"] = client.containers.run(image, ["wget", "-qO-", "http://py-web/"], network="py-net", remove=True).decode()
saw["exec"] = [server.exec_run("sh -c 'echo $A; exit 4'").exit_code, server.exec_run(["sh", "-c", "echo $A"]).output.decode()]
out, err = server.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True).output
saw["demux"] = [out.decode(), err.decode()]
saw["put"] = server.put_archive("/data", archive_of("file", "put"))
chunks, stat = server.get_archive("/data/file")
with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
    saw["get"] = [stat["name"], tar.extractfile("file").read().decode()]
saw["top"] = server.top()["Titles"][0]
saw["stats"] = server.stats(stream=False)["name"]
saw["attached"] = client.containers.create(image, "cat", stdin_open=True).name != ""
server.pause()
server.reload()
saw["paused"] = server.status
server.unpause()
server.rename("py-renamed")
server.restart(timeout=0)
saw["found"] = [found.name for found in client.containers.list(filters={"label": "by=python"})]

built, lines = client.images.build(
    fileobj=io.BytesIO(f"FROM {image}\nARG WHO\nRUN echo built for $WHO > /f\nCMD cat /f\n".encode()),
    tag="py-built:1",
    buildargs={"WHO": "python"},
)
saw["built"] = [built.tags, client.containers.run("py-built:1", remove=True).decode()]
try:
    client.images.build(fileobj=io.BytesIO(f"FROM {image}\nRUN exit 7\n".encode()))
except docker.errors.BuildError as error:
    saw["build_error"] = "returned a non-zero code: 7" in error.msg
try:
    client.images.get("nosuch:1")
except docker.errors.ImageNotFound:
    saw["no_image"] = True
try:
    client.containers.get("nosuch")
except docker.errors.NotFound:
    saw["no_container"] = True
saw["wait"] = client.containers.run(image, ["sh", "-c", "exit 9"], detach=True).wait()["StatusCode"]
saw["version"] = client.version()["ApiVersion"]
saw["network"] = client.networks.get("py-net").attrs["Labels"]
saw["events"] = next(client.events(decode=True, since=0, filters={"event": "create", "type": "container"}))["Type"]

for container in client.containers.list(all=True):
    container.remove(force=True, v=True)
network.remove()
volume.remove()
client.images.remove("py-built:1")
saw["pruned"] = client.containers.prune()["SpaceReclaimed"]
print(json.dumps(saw))
