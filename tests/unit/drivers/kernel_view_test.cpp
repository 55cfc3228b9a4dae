// SPDX-License-Identifier: Apache-2.0
// What the kernel says of its devices, told by a made-up /sys and /proc.
#include "drivers/block_device/kernel_status.h"
#include "drivers/block_device/kernel_view.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using namespace drivers::block_device;

namespace {

// A kernel with a disk sda (8:0) with one partition, an NVMe namespace (259:0), a device-mapper
// device dm-0 (252:0) and a loop device.
class MadeUpKernel {
public:
    MadeUpKernel() {
        disk("sda", "8:0");
        write("sys/block/sda/device/vendor", "DGC     \n");
        write("sys/block/sda/device/model", "VRAID           \n");
        write("sys/block/sda/device/rev", "5400\n");
        write("sys/block/sda/device/wwid", "naa.60060160A1B2C3D4E5F60718293A4B5C\n");
        write("sys/block/sda/device/vpd_pg80", std::string("\0\x80\0\x0d  CKM00123456", 17));
        disk("sda/sda1", "8:1");
        write("sys/block/sda/sda1/partition", "1\n");
        disk("nvme0n1", "259:0");
        write("sys/block/nvme0n1/wwid", "uuid.3a5f0011-2233-8455-8025-385700000001\n");
        write("sys/block/nvme0n1/nguid", "3a5f0011-2233-4455-0025-385700000001\n");
        write("sys/block/nvme0n1/device/model", "Array Namespace\n");
        write("sys/block/nvme0n1/device/serial", "S4T0\n");
        disk("dm-0", "252:0");
        write("sys/block/dm-0/dm/name", "mpatha\n");
        write("sys/block/dm-0/dm/uuid", "mpath-360060160a1b2c3d4e5f60718293a4b5c\n");
        write("proc/self/mountinfo", "21 1 254:0 / / rw - ext4 /dev/root rw\n");
        write("proc/swaps", "Filename Type Size Used Priority\n");
    }

    KernelView view() const { return {folder_.path() + "/sys", folder_.path() + "/proc"}; }
    const std::string& path() const { return folder_.path(); }

    void write(const std::string& place, const std::string& text) const {
        const fs::path path = fs::path(folder_.path()) / place;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }
    void append(const std::string& place, const std::string& text) const {
        std::ofstream(fs::path(folder_.path()) / place, std::ios::app) << text;
    }

private:
    void disk(const std::string& name, const std::string& number) const {
        write("sys/block/" + name + "/dev", number + "\n");
        fs::create_directories(fs::path(folder_.path()) / "sys/dev/block");
        fs::create_directory_symlink("../../block/" + name,
                                     fs::path(folder_.path()) / "sys/dev/block" / number);
    }

    tests::ScratchFolder folder_;
};

const dev_t sda = makedev(8, 0);
const dev_t sda1 = makedev(8, 1);

} // namespace

TEST_CASE("a SCSI disk says who it is, and its partition is another", "[block_device]") {
    const MadeUpKernel kernel;
    const auto disk = device_identity(sda, kernel.view());
    CHECK(disk.vendor == "DGC");
    CHECK(disk.product == "VRAID");
    CHECK(disk.revision == "5400");
    CHECK(disk.serial == "CKM00123456");
    CHECK(disk.unique_id == "60060160a1b2c3d4e5f60718293a4b5c");
    const auto partition = device_identity(sda1, kernel.view());
    CHECK(partition.unique_id == "60060160a1b2c3d4e5f60718293a4b5c-part1");
    CHECK(partition.serial == "CKM00123456-part1");
}

TEST_CASE("multipath and NVMe name the LUN as the array does", "[block_device]") {
    const MadeUpKernel kernel;
    CHECK(device_identity(makedev(252, 0), kernel.view()).unique_id ==
          device_identity(sda, kernel.view()).unique_id);
    const auto nvme = device_identity(makedev(259, 0), kernel.view());
    CHECK(nvme.unique_id == "3a5f0011223344550025385700000001");
    CHECK(nvme.serial == "S4T0");
    fs::remove(kernel.path() + "/sys/block/nvme0n1/nguid");
    kernel.write("sys/block/nvme0n1/eui", "3a 5f 00 11 22 33 44 55\n");
    CHECK(device_identity(makedev(259, 0), kernel.view()).unique_id == "3a5f001122334455");
    fs::remove(kernel.path() + "/sys/block/nvme0n1/eui");
    CHECK(device_identity(makedev(259, 0), kernel.view()).unique_id ==
          "3a5f0011223384558025385700000001");
    CHECK(device_identity(makedev(9, 9), kernel.view()).unique_id.empty());
}

TEST_CASE("names of other kinds stay as they are", "[block_device]") {
    CHECK(bare_unique_id("t10.ATA     DISK_7") == "t10.ATA     DISK_7");
    CHECK(bare_unique_id("LVM-abcDEF") == "LVM-abcDEF");
    CHECK(bare_unique_id("20011223344556677") == "0011223344556677");
    CHECK(bare_unique_id("uuid.0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0") ==
          "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
    CHECK(bare_unique_id("").empty());
}

TEST_CASE("a serial page that lies about its length is not read beyond its end", "[block_device]") {
    const MadeUpKernel kernel;
    kernel.write("sys/block/sda/device/vpd_pg80",
                 std::string("\0\x80\0\xff"
                             "AB",
                             6));
    CHECK(device_identity(sda, kernel.view()).serial == "AB");
    kernel.write("sys/block/sda/device/vpd_pg80",
                 std::string("\0\x83\0\x02"
                             "AB",
                             6));
    CHECK(device_identity(sda, kernel.view()).serial.empty());
    kernel.write("sys/block/sda/device/vpd_pg80",
                 std::string("\0\x80\0\x02"
                             "A\x07",
                             6));
    CHECK(device_identity(sda, kernel.view()).serial.empty());
}

TEST_CASE("who uses a device is found, and an idle one is nobody's", "[block_device]") {
    const MadeUpKernel kernel;
    CHECK(device_user(sda, kernel.view()).empty());
    SECTION("mounted") {
        kernel.append("proc/self/mountinfo", "30 21 8:0 / /srv/a\\040b rw - xfs /dev/sda rw\n");
        CHECK(device_user(sda, kernel.view()) == "mounted at /srv/a b");
        CHECK(device_user(sda1, kernel.view()) == "its disk sda is mounted at /srv/a b");
    }
    SECTION("a partition of it is mounted") {
        kernel.append("proc/self/mountinfo", "30 21 8:1 / /boot rw - ext4 /dev/sda1 rw\n");
        CHECK(device_user(sda, kernel.view()) == "its partition sda1 is mounted at /boot");
        CHECK(device_user(sda1, kernel.view()) == "mounted at /boot");
    }
    SECTION("device-mapper stands on it") {
        kernel.write("sys/block/sda/holders/dm-0/dm/name", "mpatha\n");
        CHECK(device_user(sda, kernel.view()) == "held by dm-0 (device-mapper mpatha)");
    }
    SECTION("its disk is a path below multipath") {
        kernel.write("sys/block/sda/holders/dm-0/dm/name", "mpatha\n");
        CHECK(device_user(sda1, kernel.view()) ==
              "its disk sda is held by dm-0 (device-mapper mpatha)");
    }
    SECTION("a container has mounted it, out of sight of this process") {
        CHECK(mount_elsewhere(sda, kernel.view()).empty());
        kernel.write("proc/4711/mountinfo", "30 21 8:0 / /data rw - xfs /dev/sda rw\n");
        CHECK(device_user(sda, kernel.view()).empty());
        CHECK(mount_elsewhere(sda, kernel.view()) ==
              "mounted at /data in the mount namespace of process 4711");
        CHECK(mount_elsewhere(sda1, kernel.view()).empty());
    }
    SECTION("RAID stands on its partition") {
        kernel.write("sys/block/sda/sda1/holders/md0/dev", "9:0\n");
        CHECK(device_user(sda, kernel.view()) == "its partition sda1 is held by md0");
    }
}

TEST_CASE("a file that is swap or a loop device's is found", "[block_device]") {
    const MadeUpKernel kernel;
    kernel.write("disk image", "12345");
    const std::string path = kernel.path() + "/disk image";
    struct stat file {};
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK(file_user(path, file, kernel.view()).empty());
    SECTION("swap") {
        kernel.append("proc/swaps", kernel.path() + "/disk\\040image file 1 0 -2\n");
        CHECK(file_user(path, file, kernel.view()) == "used as swap");
    }
    SECTION("loop") {
        kernel.write("sys/block/loop3/loop/backing_file", path + "\n");
        CHECK(file_user(path, file, kernel.view()) == "behind /dev/loop3");
    }
}

TEST_CASE("a file made anew is another LUN", "[block_device]") {
    const tests::ScratchFolder folder;
    const auto made = [&](const std::string& name) {
        const std::string path = folder.path() + "/" + name;
        std::ofstream(path) << "x";
        struct stat file {};
        REQUIRE(::stat(path.c_str(), &file) == 0);
        return file_identity(path, file).serial;
    };
    const std::string first = made("a");
    CHECK(first == made("a"));
    CHECK(first != made("b"));
}

TEST_CASE("what the kernel answers is told apart", "[block_device]") {
    using drivers::Status;
    CHECK(kernel_end(0).status == Status::good);
    CHECK(kernel_end(EAGAIN).status == Status::busy);
    CHECK(kernel_end(ETIMEDOUT).status == Status::timed_out);
    CHECK(kernel_end(ENODEV).device_gone);
    CHECK_FALSE(kernel_end(ENOLINK).device_gone);
    CHECK(kernel_end(ENODATA).sense == 0x031100);
    CHECK(kernel_end(ENOSPC).sense == 0x072707);
    CHECK(kernel_end(EBADE).sense == 0x18000000);
    CHECK(kernel_end(EIO).status == Status::failed);
    CHECK(kernel_end(EIO).sense == 0);
}
