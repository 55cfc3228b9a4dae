// SPDX-License-Identifier: Apache-2.0
// Who a disk says it is when it is asked itself, against what the kernel remembers.
#include "drivers/api/errors.h"
#include "drivers/block_device/asked_identity.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using namespace drivers::block_device;
using Catch::Contains;

namespace {

const std::string naa = "60060160a1b2c3d4e5f60718293a4b5c";

std::vector<std::byte> bytes_of(const std::string& text) {
    std::vector<std::byte> out;
    for (const char letter : text) {
        out.push_back(static_cast<std::byte>(letter));
    }
    return out;
}

std::string designator(char association_and_type, const std::string& value) {
    return std::string{'\1', association_and_type, '\0', static_cast<char>(value.size())} + value;
}

// Of a port, a T10 vendor name, a name as text and an EUI-64.
std::vector<std::byte> page() {
    const std::string body =
        designator('\x14', std::string("\0\0\0\1", 4)) + designator('\1', "DGC     1234") +
        designator('\x08', std::string("naa.") + naa + std::string("\0\0", 2)) +
        designator('\2', "\x3a\x5f\x10\x11\x22\x33\x44\x55");
    return bytes_of(std::string{'\0', '\x83', '\0', static_cast<char>(body.size())} + body);
}

drivers::Identity remembered(const std::string& unique_id) {
    drivers::Identity out;
    out.vendor = "DGC";
    out.unique_id = unique_id;
    return out;
}

} // namespace

TEST_CASE("every designator of the LUN counts, and none of its port", "[block_device]") {
    const auto ids = lun_designators(page());
    CHECK(ids.front() == "3a5f101122334455");
    CHECK(std::count(ids.begin(), ids.end(), naa) == 1);
    CHECK(std::count(ids.begin(), ids.end(), "00000001") == 0);
    std::vector<std::byte> cut = page();
    while (!cut.empty()) { // Wherever it ends, nothing beyond is read.
        cut.pop_back();
        (void)lun_designators(cut);
    }
    CHECK(lun_designators({}).empty());
    auto other = page();
    other[1] = std::byte{0x80};
    CHECK(lun_designators(other).empty());
}

TEST_CASE("a LUN that was mapped anew behind the kernel's back is not taken for the old one",
          "[block_device]") {
    const AskedIdentity asked{"CKM0", lun_designators(page())};
    CHECK(agreed_identity(remembered(naa), asked, "/dev/sda").unique_id == naa);
    CHECK(agreed_identity(remembered(naa), asked, "/dev/sda").serial == "CKM0");
    CHECK_THROWS_WITH(
        agreed_identity(remembered("60060160a1b2c3d4e5f60718293a4b5d"), asked, "/dev/sda"),
        Contains("/dev/sda") && Contains("60718293a4b5d") && Contains(naa) && Contains("rescan"));
    // What is no designator says nothing against it; what the kernel has not, the device says.
    CHECK(agreed_identity(remembered("t10.ATA     DISK_7"), asked, "").unique_id ==
          "t10.ATA     DISK_7");
    CHECK(agreed_identity(remembered(""), asked, "").unique_id == "3a5f101122334455");
    CHECK(agreed_identity(remembered(naa), {}, "").unique_id == naa);
}

TEST_CASE("disks and their multipaths are asked, parts and compositions are not",
          "[block_device]") {
    const tests::ScratchFolder folder;
    const KernelView view{folder.path(), folder.path()};
    const auto block = folder.path() + "/dev/block/8:0";
    fs::create_directories(block);
    CHECK(is_askable(makedev(8, 0), view));
    CHECK_FALSE(is_askable(makedev(8, 1), view)); // Nobody knows it.
    const auto holds = [&](const std::string& name, const std::string& text) {
        fs::create_directories(fs::path(block + "/" + name).parent_path());
        std::ofstream(block + "/" + name) << text << "\n";
        const bool out = is_askable(makedev(8, 0), view);
        fs::remove(block + "/" + name);
        return out;
    };
    CHECK_FALSE(holds("partition", "1"));
    CHECK_FALSE(holds("dm/uuid", "LVM-abc"));
    CHECK(holds("dm/uuid", "mpath-3" + naa));
    const int file = ::open((folder.path() + "/f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK_FALSE(asked_identity(file)); // A file answers neither.
    ::close(file);
}
