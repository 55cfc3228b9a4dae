// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/safety.h"
#include "bench/campaign/signatures.h"
#include "bench/integrity/stamp.h"
#include "drivers/api/errors.h"
#include "drivers/memory/memory_driver.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace bench;
using campaign::check_may_write;
using campaign::WritePermission;

namespace {

constexpr std::uint64_t mib = 1U << 20U;

// A LUN in memory and what it says of itself.
struct Lun {
    explicit Lun(std::uint64_t size_bytes = 64 * mib, std::uint32_t block_bytes = 512)
        : driver(settings(size_bytes, block_bytes), clock) {
        report.url = "memory:";
        report.identity = driver.identity();
        report.geometry = driver.geometry();
    }
    static drivers::MemorySettings settings(std::uint64_t size_bytes, std::uint32_t block_bytes) {
        drivers::MemorySettings out;
        out.size_bytes = size_bytes;
        out.block_bytes = block_bytes;
        out.serial = "S-1";
        return out;
    }
    void write(std::uint64_t offset_bytes, std::span<std::byte> data) {
        drivers::Request request;
        request.op = drivers::Op::write;
        request.range = {offset_bytes / driver.geometry().block_bytes,
                         data.size() / driver.geometry().block_bytes};
        request.data = data;
        REQUIRE(driver.submit(request));
        drivers::Completion done;
        REQUIRE(driver.poll({&done, 1}) == 1);
        REQUIRE(done.status == drivers::Status::good);
    }
    std::string refusal(const WritePermission& permission) {
        try {
            check_may_write(driver, report, permission);
        } catch (const drivers::SafetyError& error) {
            return error.what();
        }
        return "";
    }

    tests::ManualClock clock;
    drivers::MemoryDriver driver;
    drivers::LunReport report;
};

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

WritePermission named() {
    return {{"s-1"}, false, 7};
}

// What a tool of this host writes onto an image, as bytes of the LUN.
bool put_image(Lun& lun, const std::string& command) {
    const tests::ScratchFolder folder;
    const std::string path = folder.path() + "/image";
    std::ofstream(path).close();
    std::filesystem::resize_file(path, 64 * mib);
    const std::string line =
        "PATH=$PATH:/sbin:/usr/sbin; IMAGE=" + path + "; (" + command + ") >/dev/null 2>&1";
    if (std::system(line.c_str()) != 0) { // NOLINT(cert-env33-c): the tools under test.
        return false;
    }
    std::ifstream in(path, std::ios::binary);
    std::vector<std::byte> bytes(64 * mib);
    in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    for (std::uint64_t at = 0; at < bytes.size(); at += mib) {
        lun.write(at, std::span(bytes).subspan(at, mib));
    }
    return true;
}

} // namespace

TEST_CASE("a LUN nobody named is not written to", "[safety]") {
    Lun lun;
    CHECK(holds(lun.refusal({}), "--destroy"));
    CHECK(holds(lun.refusal({{"s-2", ""}, true, 1}), "is not named"));
    CHECK(lun.refusal(named()).empty());
}

TEST_CASE("an identity is recognised in the ways people write it", "[safety]") {
    drivers::Identity identity;
    identity.unique_id = "6382028100a1b2c35f0e1d2c00000001";
    identity.serial = "";
    CHECK(campaign::names_lun("naa.6382028100A1B2C35F0E1D2C00000001", identity));
    CHECK(campaign::names_lun("0x6382028100a1b2c35f0e1d2c00000001", identity));
    CHECK_FALSE(campaign::names_lun("6382028100a1b2c35f0e1d2c0000000", identity));
    CHECK_FALSE(campaign::names_lun("", identity));
    CHECK_FALSE(campaign::names_lun("naa.", identity));
}

TEST_CASE("an empty LUN and one full of this bench's stamps may be written to", "[safety]") {
    Lun lun(8 * mib);
    CHECK(lun.refusal(named()).empty());
    std::vector<std::byte> data(mib);
    for (std::uint64_t at = 0; at < 8 * mib; at += mib) {
        integrity::Stamp stamp;
        stamp.run = 99;
        stamp.address_bytes = at;
        stamp.generation = 3;
        integrity::write_stamps(data, stamp);
        lun.write(at, data);
    }
    CHECK(lun.refusal(named()).empty());
}

TEST_CASE("somebody's blocks are found by sampling", "[safety]") {
    Lun lun(8 * mib);
    std::vector<std::byte> data(mib, std::byte{0x5A});
    lun.write(4 * mib, data); // An eighth of the LUN: missed with probability (7/8)^256.
    CHECK(holds(lun.refusal(named()), "data without this bench's mark"));
    WritePermission permission = named();
    permission.overwrite_data = true;
    CHECK(lun.refusal(permission).empty());
}

TEST_CASE("a damaged stamp is not this bench's mark", "[safety]") {
    Lun lun(mib);
    std::vector<std::byte> data(mib);
    integrity::write_stamps(data, integrity::Stamp{});
    for (std::size_t at = 100; at < data.size(); at += 512) {
        data[at] ^= std::byte{1};
    }
    lun.write(0, data);
    CHECK(holds(lun.refusal(named()), "data without this bench's mark"));
}

TEST_CASE("a reserved or protected LUN is left alone", "[safety]") {
    Lun lun;
    lun.report.reserved_by = "0xabc";
    CHECK(holds(lun.refusal(named()), "reserved by another initiator (key 0xabc)"));
    WritePermission permission = named();
    permission.overwrite_data = true;
    CHECK(lun.refusal(permission).empty());
    lun.report.write_protected = true;
    CHECK(holds(lun.refusal(permission), "write-protected"));
}

TEST_CASE("a partition table of the old kind is found on any block size", "[safety]") {
    for (const std::uint32_t block_bytes : {512U, 4096U}) {
        Lun lun(64 * mib, block_bytes);
        std::vector<std::byte> data(4096);
        data[510] = std::byte{0x55}; // Boot signature; one entry of type 0x83 (Linux).
        data[511] = std::byte{0xAA};
        data[446 + 4] = std::byte{0x83};
        data[446 + 8] = std::byte{8};
        data[446 + 12] = std::byte{64};
        lun.write(0, data);
        CHECK(holds(lun.refusal(named()), "a partition table (dos)"));
    }
}

TEST_CASE("a VMFS volume is found", "[safety]") {
    Lun lun(64 * mib);
    std::vector<std::byte> data(4096);
    const std::uint32_t magic = 0xC001D00DU; // At 1 MiB, little-endian: an LVM member of VMFS.
    std::memcpy(data.data(), &magic, sizeof magic);
    lun.write(mib, data);
    CHECK(holds(lun.refusal(named()), "VMFS_volume_member"));
}

TEST_CASE("what this host's tools make is found", "[safety]") {
    const std::vector<std::pair<std::string, std::string>> tools{
        {"mkfs.ext4 -q -F $IMAGE", "ext4"},
        {"mkswap $IMAGE", "swap"},
        {"printf 'label: gpt\\n,\\n' | sfdisk -q $IMAGE", "gpt"},
        {"mkfs.xfs -q -f $IMAGE", "xfs"}};
    int tried = 0;
    for (const auto& [command, word] : tools) {
        Lun lun;
        if (put_image(lun, command)) {
            ++tried;
            CHECK(holds(lun.refusal(named()), word));
        }
    }
    CHECK(tried >= 1); // mkswap belongs to every Debian.
}
