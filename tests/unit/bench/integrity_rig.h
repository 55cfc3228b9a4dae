// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/keeper.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tests {

namespace bi = bench::integrity;

// A LUN as a piece of memory and a keeper in front of it; what reaches the LUN is up to the test.
class IntegrityRig {
public:
    static constexpr std::uint64_t lun_bytes = 1 << 20;

    explicit IntegrityRig(bi::KeeperSettings settings = {}, std::uint64_t run = 0xA11CE)
        : lun(lun_bytes)
        , expectation(std::make_unique<bi::Expectation>(
              bi::ExpectationSettings{.run = run, .size_bytes = lun_bytes}))
        , settings_(std::move(settings)) {
        start();
    }

    void start() { keeper = std::make_unique<bi::Keeper>(*expectation, settings_); }
    void stop() { keeper.reset(); }
    void restart() {
        stop();
        start();
    }

    struct Io {
        std::uint32_t slot = 0;
        profiles::Access access{};
        std::shared_ptr<std::vector<std::byte>> data;
    };

    Io begin(profiles::AccessOp op, std::uint64_t offset, std::uint64_t size, bool fua = false) {
        profiles::Access access;
        access.op = op;
        access.offset_bytes = offset;
        access.size_bytes = size;
        access.force_unit_access = fua;
        return begin(access);
    }
    Io begin(const profiles::Access& access) {
        const bool moves =
            access.op == profiles::AccessOp::write || access.op == profiles::AccessOp::read;
        Io io{next_slot_,
              access,
              std::make_shared<std::vector<std::byte>>(moves ? access.size_bytes : 0)};
        next_slot_ = (next_slot_ + 1) % 1024;
        keeper->begin(io.slot, access, *io.data, tick());
        return io;
    }
    void land(const Io& io) { land(io, io.access.offset_bytes, io.access.size_bytes); }
    void land(const Io& io, std::uint64_t at, std::uint64_t size) {
        if (io.access.op == profiles::AccessOp::write) {
            std::memcpy(lun.data() + at, io.data->data(), size);
        } else {
            std::fill_n(lun.begin() + static_cast<std::ptrdiff_t>(at), size, std::byte{0});
        }
    }
    void fill(const Io& io) { // A read gets what is there.
        std::memcpy(io.data->data(), lun.data() + io.access.offset_bytes, io.access.size_bytes);
    }
    void end(const Io& io, drivers::Status status = drivers::Status::good, bool fenced = true) {
        keeper->end(io.slot, 0, {.status = status, .fenced = fenced, .done = tick()});
    }

    void write(std::uint64_t offset, std::uint64_t size = 4096, bool fua = false) {
        const Io io = begin(profiles::AccessOp::write, offset, size, fua);
        land(io);
        end(io);
    }
    void lost_write(std::uint64_t offset, std::uint64_t size = 4096, bool fua = false) {
        end(begin(profiles::AccessOp::write, offset, size, fua));
    }
    void flush() { end(begin(profiles::AccessOp::flush, 0, 0)); }
    void unmap(std::uint64_t offset, std::uint64_t size = 4096) {
        const Io io = begin(profiles::AccessOp::unmap, offset, size);
        land(io);
        end(io);
    }
    void read(std::uint64_t offset, std::uint64_t size = 4096) {
        const Io io = begin(profiles::AccessOp::read, offset, size);
        fill(io);
        end(io);
    }
    void read_all() {
        for (std::uint64_t at = 0; at < lun_bytes; at += 65536) {
            read(at, 65536);
        }
    }
    void power_cut() {
        expectation->announce_power_cut();
        expectation->power_cut_done();
    }

    // "stale x1, torn x2" ... what has been found so far; empty = nothing.
    std::string found() const {
        std::string out;
        for (std::size_t kind = 0; kind < bi::finding_kinds; ++kind) {
            const auto which = static_cast<bi::FindingKind>(kind);
            if (const auto count = keeper->findings().count(which); count != 0) {
                out += (out.empty() ? "" : ", ") + std::string(bi::name_of(which)) + " x" +
                       std::to_string(count);
            }
        }
        return out;
    }
    const bi::Finding& first() const { return keeper->findings().kept().at(0); }

    drivers::TimePoint tick() {
        now_ += std::chrono::microseconds(10);
        return now_;
    }

    std::vector<std::byte> lun;
    std::unique_ptr<bi::Expectation> expectation;
    std::unique_ptr<bi::Keeper> keeper;

private:
    bi::KeeperSettings settings_;
    std::uint32_t next_slot_ = 0;
    drivers::TimePoint now_{std::chrono::seconds(100)};
};

} // namespace tests
