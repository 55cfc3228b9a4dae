// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/array_core.h"

#include <cstdint>
#include <random>
#include <vector>

namespace tests {

// A small emulated array and hands to use it with, without sockets and in owned time.
struct ArrayBench {
    static constexpr std::uint64_t blocks = 1U << 16U; // 32 MiB

    static drivers::array::ArraySettings settings() {
        drivers::array::ArraySettings out;
        out.name = "bench";
        out.controllers = 2;
        for (std::uint16_t i = 0; i < 2; ++i) {
            drivers::array::VolumeSettings volume;
            volume.name = "lun" + std::to_string(i);
            volume.block_count = blocks;
            volume.owner = i;
            out.volumes.push_back(volume);
        }
        return out;
    }

    explicit ArrayBench(const drivers::array::ArraySettings& wanted = settings())
        : core(wanted) {}

    drivers::array::MediumResult
    run(drivers::Op op, std::uint64_t lba, std::span<std::byte> data, bool durable = false) {
        drivers::array::MediumCommand command;
        command.op = op;
        command.lun = lun;
        command.controller = controller;
        command.force_unit_access = durable;
        command.lba = lba;
        command.block_count = data.size() / core.lun(lun).geometry.block_bytes;
        command.data = data;
        return core.execute(command, now);
    }
    drivers::array::MediumEnd
    write(std::uint64_t lba, std::size_t size, std::uint8_t value, bool durable = false) {
        std::vector<std::byte> data(size, std::byte{value});
        return run(drivers::Op::write, lba, data, durable).end;
    }
    std::vector<std::byte> read(std::uint64_t lba, std::size_t size) {
        std::vector<std::byte> data(size, std::byte{0xEE});
        end = run(drivers::Op::read, lba, data).end;
        return data;
    }
    // Each block's first byte: enough where blocks are written with one value.
    std::vector<int> values(std::uint64_t lba, std::size_t count) {
        const auto data = read(lba, count * 512);
        std::vector<int> out;
        for (std::size_t i = 0; i < count; ++i) {
            out.push_back(std::to_integer<int>(data[i * 512]));
        }
        return out;
    }
    void flush() { run(drivers::Op::flush, 0, {}); }
    void unmap(std::uint64_t lba, std::uint64_t count) {
        const drivers::BlockRange range{lba, count};
        drivers::array::MediumCommand command;
        command.op = drivers::Op::unmap;
        command.lun = lun;
        command.ranges = {&range, 1};
        core.execute(command, now);
    }
    std::string apply(const drivers::array::FaultEvent& event) { return core.apply(event, now); }
    std::string next(drivers::array::Fault fault, std::uint64_t count = 1) {
        drivers::array::FaultEvent event;
        event.fault = fault;
        event.next = count;
        return apply(event);
    }
    std::string plainly(drivers::array::Fault fault) {
        drivers::array::FaultEvent event;
        event.fault = fault;
        return apply(event);
    }
    std::uint64_t done(drivers::array::Fault fault) const {
        return core.emulator_counts().done[static_cast<std::size_t>(fault)];
    }

    drivers::array::ArrayCore core;
    drivers::TimePoint now{std::chrono::seconds(1000)};
    std::uint16_t lun = 0;
    std::uint16_t controller = 0;
    drivers::array::MediumEnd end = drivers::array::MediumEnd::good;
};

} // namespace tests
