# SPDX-License-Identifier: Apache-2.0
"""Builds a small Linux machine's boot files from Debian packages: kernel, modules, a few tools."""
import fcntl
import glob
import gzip
import os
import shutil
import subprocess

MODULES = """virtio_pci virtio_net virtio_rng configfs null_blk brd loop crc32c_generic
    nvmet nvmet-tcp target_core_mod target_core_iblock target_core_file iscsi_target_mod
    nvme-tcp nvme-fabrics iscsi_tcp sd_mod sg
    dm-mod dm-multipath dm-round-robin md-mod raid1 ext4 nbd""".split()
TOOLS = ["nvme", "iscsid", "iscsiadm", "sg_inq", "dmsetup", "mkfs.ext4", "e2fsck", "nbd-client"]
HERE = os.path.dirname(os.path.abspath(__file__))


class Missing(Exception):
    """What cannot be had on this host: the test is skipped, not passed."""


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, capture_output=True, **options).stdout


def find_tool(name):
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not path:
        raise Missing(f"{name} is not installed")
    return path


def kernel_package():
    """The package that linux-image-amd64 stands for today."""
    for line in run("apt-cache", "depends", "linux-image-amd64").splitlines():
        word = line.split()
        if len(word) == 2 and word[0] == "Depends:" and word[1].startswith("linux-image-"):
            return word[1]
    raise Missing("apt knows no linux-image-amd64")


def unpack_kernel(folder):
    """Downloads and unpacks the kernel package (never installs it); keeps it for the next test."""
    package = kernel_package()
    root = os.path.join(folder, package)
    if not os.path.exists(os.path.join(root, "complete")):
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(root)
        try:
            run("apt-get", "download", package, cwd=root)
        except subprocess.CalledProcessError as error:
            raise Missing(f"cannot download {package}: {error.stderr.strip()}") from error
        archive = glob.glob(os.path.join(root, "*.deb"))[0]
        run("dpkg", "-x", archive, root)
        os.remove(archive)
        version = os.listdir(os.path.join(root, "lib/modules"))[0]
        run(find_tool("depmod"), "-b", root, version)
        open(os.path.join(root, "complete"), "w").close()
    version = os.listdir(os.path.join(root, "lib/modules"))[0]
    return root, version


def module_files(root, version):
    files = {}
    for module in MODULES:
        command = [find_tool("modprobe"), "-d", root, "-S", version, "--show-depends", module]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        for line in done.stdout.splitlines():
            if line.startswith("insmod "):
                files[line.split()[1]] = True
    return list(files)


def copy_with_libraries(path, tree):
    wanted = [path]
    for line in run("ldd", path).splitlines():
        word = line.split()
        wanted += [w for w in word if w.startswith("/")]
    for source in wanted:
        target = tree + source
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.realpath(source), target)


def write(tree, name, text):
    path = os.path.join(tree, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def fill(tree, root, version):
    for folder in ("bin proc sys dev run tmp var/target/pr var/target/alua etc/target/pr "
                   "etc/target/alua root run/lock/iscsi etc/iscsi etc/nvme").split():
        os.makedirs(os.path.join(tree, folder))
    shutil.copy(find_tool("busybox"), os.path.join(tree, "bin/busybox"))
    os.symlink("busybox", os.path.join(tree, "bin/sh"))
    for source in module_files(root, version):
        target = tree + source[len(root):]
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(source, target)
    modules = f"lib/modules/{version}"
    for name in glob.glob(os.path.join(root, modules, "modules.*")):
        if os.path.basename(name) in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            shutil.copy(name, os.path.join(tree, modules))
    run(find_tool("depmod"), "-b", tree, version)
    for tool in TOOLS:
        copy_with_libraries(find_tool(tool), tree)
    write(tree, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    write(tree, "etc/iscsi/initiatorname.iscsi", "InitiatorName=iqn.1993-08.org.debian:guest\n")
    shutil.copy("/etc/iscsi/iscsid.conf", os.path.join(tree, "etc/iscsi/iscsid.conf"))
    uuid = "11111111-2222-3333-4444-555555555555"
    write(tree, "etc/nvme/hostnqn", f"nqn.2014-08.org.nvmexpress:uuid:{uuid}\n")
    write(tree, "etc/nvme/hostid", uuid + "\n")
    shutil.copy(os.path.join(HERE, "init.sh"), os.path.join(tree, "init"))
    os.chmod(os.path.join(tree, "init"), 0o755)


def build(folder):
    """Kernel image and initramfs; `folder` is where they are kept. One builder at a time."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root, version = unpack_kernel(folder)
        tree = os.path.join(folder, "tree")
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(tree)
        fill(tree, root, version)
        names = run("find", ".", cwd=tree)
        archive = subprocess.run([find_tool("cpio"), "-o", "-H", "newc", "--quiet"], input=names.encode(),
                                 cwd=tree, check=True, capture_output=True).stdout
        image = os.path.join(folder, f"initramfs-{os.getpid()}.gz")
        with gzip.open(image, "wb", compresslevel=1) as file:
            file.write(archive)
        shutil.rmtree(tree)
    return os.path.join(root, f"boot/vmlinuz-{version}"), image
