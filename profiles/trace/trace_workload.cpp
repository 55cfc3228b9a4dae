// SPDX-License-Identifier: Apache-2.0
#include "profiles/trace/trace_workload.h"

#include "profiles/file_error.h"
#include "profiles/trace/iolog.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace profiles::trace {

namespace {

constexpr std::string_view iolog_head = "fio version";

bool begins_like_iolog(std::istream& in) {
    std::array<char, iolog_head.size()> head{};
    in.read(head.data(), head.size());
    const auto count = static_cast<std::size_t>(in.gcount());
    in.clear();
    in.seekg(0);
    const std::string_view text(head.data(), count);
    return text.starts_with("\xEF\xBB\xBF") ? iolog_head.starts_with(text.substr(3))
                                            : text == iolog_head;
}

Trace parsed(std::istream& in, const TraceWorkload& workload) {
    const bool iolog = workload.format == Format::automatic ? begins_like_iolog(in)
                                                            : workload.format == Format::fio_iolog;
    return iolog ? parse_iolog(in, workload.file)
                 : parse_blkparse(in, workload.file, workload.event);
}

} // namespace

Trace read_trace(const TraceWorkload& workload) {
    if (!workload.place.is_anywhere()) {
        return parsed(*workload.place.open(workload.file), workload);
    }
    std::error_code ignored;
    std::ifstream in;
    if (std::filesystem::is_regular_file(workload.file, ignored)) { // Else a pipe is waited for.
        in.open(workload.file, std::ios::binary);
    }
    if (!in.is_open()) {
        throw FileError(fmt::format("{}: cannot be read{}: wanted a trace file",
                                    workload.file,
                                    ignored ? fmt::format(" ({})", ignored.message()) : ""));
    }
    return parsed(in, workload);
}

Outline outline_of(const Trace& trace) {
    Outline out;
    out.accesses = trace.records.size();
    out.passed_over = trace.passed_over;
    out.timed = trace.timed;
    out.device_ends_bytes.resize(trace.devices.size());
    bool reads = false;
    bool writes = false;
    bool writes_fua = false;
    bool unmaps = false;
    bool flushes = false;
    for (const Record& record : trace.records) {
        std::uint64_t& end = out.device_ends_bytes[record.device];
        end = std::max(end, record.offset_bytes + record.size_bytes);
        const bool is_write = record.op == AccessOp::write;
        reads = reads || record.op == AccessOp::read;
        writes = writes || (is_write && !record.force_unit_access);
        writes_fua = writes_fua || (is_write && record.force_unit_access);
        unmaps = unmaps || record.op == AccessOp::unmap;
        flushes = flushes || record.op == AccessOp::flush;
        if (is_write || record.op == AccessOp::read) {
            (is_write ? out.bytes_written : out.bytes_read) += record.size_bytes;
            out.largest_bytes = std::max(out.largest_bytes, record.size_bytes);
        }
    }
    out.length = trace.records.back().at - trace.records.front().at;
    out.changes = writes || writes_fua || unmaps;
    const auto stream = [&](bool there, const char* name, const char* operation) {
        if (there) {
            out.streams.push_back({name, operation});
        }
    };
    stream(reads, "read", "read");
    stream(writes, "write", "write");
    stream(writes_fua, "write FUA", "write FUA");
    stream(unmaps, "unmap", "unmap");
    stream(flushes, "flush", "flush");
    return out;
}

TraceWorkload trace_workload_of(const std::string& trace_path) {
    TraceWorkload out;
    out.name = std::filesystem::path(trace_path).stem();
    out.file = trace_path;
    out.outline = outline_of(read_trace(out));
    return out;
}

Duration length_of(const TraceWorkload& workload) {
    const Outline& outline = workload.outline;
    const double recorded = outline.timed ? static_cast<double>(outline.length.count())
                            : workload.rate_per_s > 0
                                ? static_cast<double>(outline.accesses) / workload.rate_per_s * 1e9
                                : 0;
    return Duration(static_cast<std::int64_t>(recorded / workload.speed));
}

double rate_per_s_of(const TraceWorkload& workload) {
    const double seconds = static_cast<double>(length_of(workload).count()) * 1e-9;
    return seconds > 0 ? static_cast<double>(workload.outline.accesses) / seconds : 0;
}

std::uint64_t largest_access_bytes(const TraceWorkload& workload) {
    // A start within a block and an end within another make the access that much wider.
    constexpr std::uint64_t block_bytes_max = 4096;
    return std::min(workload.piece_bytes,
                    (workload.outline.largest_bytes / block_bytes_max + 2) * block_bytes_max);
}

} // namespace profiles::trace
