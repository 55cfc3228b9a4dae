// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace results::charts {

enum class ScaleKind : std::uint8_t {
    linear,
    logarithmic,
    percentile, // Of a share 0 .. 1: each further nine is one step, so that the tail has room.
};

// Where a value lies between two pixels.
class Scale {
public:
    struct Range {
        double low = 0;
        double high = 1;
    };
    Scale(ScaleKind kind, Range values, Range pixels);

    double at(double value) const noexcept; // Clamped to the pixels.

private:
    ScaleKind kind_;
    double low_;
    double high_;
    Range pixels_;
};

// Round values at which a reader expects a line, ascending, within low .. high; about `wanted` of
// them at most.
std::vector<double> nice_ticks(ScaleKind kind, Scale::Range values, int wanted);

// The range widened to round ends, so that lines do not touch the frame. A logarithmic range ends
// at 1, 2 or 5 times a power of ten.
Scale::Range nice_range(ScaleKind kind, Scale::Range values);

} // namespace results::charts
