// SPDX-License-Identifier: Apache-2.0
#include "profiles/trace/blkparse.h"

#include "profiles/trace/line_reader.h"

#include <algorithm>
#include <cctype>

namespace profiles::trace {

namespace {

constexpr std::uint64_t sector_bytes = 512;
enum Field : std::size_t {
    device,
    cpu,
    sequence,
    seconds,
    process,
    action,
    rwbs,
    sector,
    plus,
    count
};

bool is_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
        return letter >= '0' && letter <= '9';
    });
}

bool is_device(std::string_view text) {
    const std::size_t comma = text.find(',');
    return comma != std::string_view::npos && is_digits(text.substr(0, comma)) &&
           is_digits(text.substr(comma + 1));
}

// "12.000123456"
Duration time_of(const LineReader& lines) {
    const std::string_view text = lines.words()[seconds];
    const std::size_t point = text.find('.');
    constexpr std::size_t whole_digits_max = 9;
    constexpr std::size_t fraction_digits_max = 9;
    if (point == std::string_view::npos || point > whole_digits_max ||
        text.size() - point - 1 > fraction_digits_max || !is_digits(text.substr(0, point)) ||
        !is_digits(text.substr(point + 1))) {
        lines.fail("a time like 0.000123456 as the fourth word");
    }
    std::int64_t value_ns = 0;
    const auto shift_in = [&](char digit) {
        value_ns = value_ns * 10 + (digit - '0');
    };
    std::for_each(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(point), shift_in);
    for (std::size_t i = 1; i <= fraction_digits_max; ++i) {
        shift_in(point + i < text.size() ? text[point + i] : '0');
    }
    return Duration(value_ns);
}

// RWBS (blkparse(1)): an F before the operation asks for a flush first, one behind it for FUA; then
// D discard (E: secure erase), W write, R read, N no data; A, B, H, M, P, S and V only colour it.
struct Kind {
    bool flush_first = false;
    bool moves = false;
    AccessOp op = AccessOp::read;
    bool force_unit_access = false;
};

Kind kind_of(const LineReader& lines) {
    std::string_view text = lines.words()[rwbs];
    Kind out;
    if (text.size() > 1 && text[0] == 'F') {
        out.flush_first = true;
        text.remove_prefix(1);
    }
    const char operation = text[0];
    out.moves = operation == 'D' || operation == 'W' || operation == 'R';
    out.op = operation == 'D'   ? AccessOp::unmap
             : operation == 'W' ? AccessOp::write
                                : AccessOp::read;
    constexpr std::string_view colours = "ABEFHMPSV";
    if (!(out.moves || operation == 'N' || operation == 'F') ||
        text.find_first_not_of(colours, 1) != std::string_view::npos) {
        lines.fail("R, W, D or N with their flags as the seventh word");
    }
    out.flush_first = out.flush_first || operation == 'F';
    out.force_unit_access =
        out.op == AccessOp::write && text.find('F', 1) != std::string_view::npos;
    return out;
}

void read_event(LineReader& lines) {
    const Kind kind = kind_of(lines);
    Record record;
    record.at = time_of(lines);
    record.device = lines.device(lines.words()[device]);
    const auto words = lines.words();
    const bool has_extent = words.size() > count && words[plus] == "+";
    if (kind.flush_first) {
        record.op = AccessOp::flush;
        lines.add(record);
    }
    if (!kind.moves || !has_extent) { // A bare flush, a passed-through command.
        if (!kind.flush_first) {
            lines.pass_over();
        }
        return;
    }
    record.op = kind.op;
    record.force_unit_access = kind.force_unit_access;
    constexpr std::uint64_t most = address_max / sector_bytes;
    record.offset_bytes = lines.whole(sector, most, "a sector as the eighth word") * sector_bytes;
    record.size_bytes = lines.whole(count, most, "sectors behind the plus") * sector_bytes;
    if (record.size_bytes > 0) {
        lines.add(record);
    } else if (kind.flush_first) { // "FWS 0 + 0": nothing but the flush.
        return;
    } else {
        lines.pass_over();
    }
}

bool ends_events(std::string_view line) {
    return line.starts_with("CPU") || line.starts_with("Total") || line.starts_with("Throughput");
}

} // namespace

Trace parse_blkparse(std::istream& in, const std::string& name, Event event) {
    LineReader lines(in, name);
    const std::string_view wanted = event == Event::queued ? "Q" : "D";
    while (lines.next() && !ends_events(lines.line())) {
        const auto words = lines.words();
        if (words.empty() || lines.line().starts_with("Input file ")) {
            continue;
        }
        if (words.size() <= rwbs || !is_device(words[device]) || !is_digits(words[cpu]) ||
            !is_digits(words[sequence])) {
            lines.fail(
                "an event as blkparse prints it: MAJ,MIN CPU SEQ SECONDS PID ACTION RWBS ...");
        }
        if (words[action] == wanted) {
            read_event(lines);
        } else {
            lines.pass_over();
        }
    }
    return lines.finish();
}

} // namespace profiles::trace
