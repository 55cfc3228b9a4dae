// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/unpack.h"

#include "drivers/api/errors.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <lz4frame.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace bench::egress {

using drivers::wire::Bytes;

namespace {

std::optional<Packing> packed_at(Bytes bytes) {
    const auto byte = [&](std::size_t i) {
        return std::to_integer<unsigned>(bytes[i]);
    };
    if (byte(0) == 0x1F && byte(1) == 0x8B && byte(2) == 8) { // RFC 1952 section 2.3.1
        return Packing::gzip;
    }
    // RFC 1950 section 2.2: deflate, a window of 32 KiB, and a check over both bytes; RFC 1951: the
    // block type 3 is reserved.
    if (byte(0) == 0x78 && (byte(0) << 8U | byte(1)) % 31 == 0 && (byte(1) & 0x20U) == 0 &&
        (byte(2) >> 1U & 3U) != 3) {
        return Packing::zlib;
    }
    if (byte(0) == 0x28 && byte(1) == 0xB5 && byte(2) == 0x2F) { // RFC 8878 section 3.1.1
        return Packing::zstd;
    }
    if (byte(0) == 0x04 && byte(1) == 0x22 && byte(2) == 0x4D) { // LZ4 frame format 1.6
        return Packing::lz4;
    }
    return std::nullopt;
}

unsigned char* to_unsigned(std::byte* bytes) {
    return reinterpret_cast<unsigned char*>(
        bytes); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

} // namespace

const char* name_of(Packing packing) noexcept {
    static constexpr std::array<const char*, 4> names{"gzip", "zlib", "zstd", "lz4"};
    return names[static_cast<std::size_t>(packing)];
}

void find_packed(Bytes bytes, std::size_t from, std::vector<PackedStart>& out) {
    constexpr std::size_t magic_bytes = 3;
    std::size_t at = from;
    const auto check = [&](std::size_t where) {
        if (where + magic_bytes <= bytes.size()) {
            if (const auto packing = packed_at(bytes.subspan(where, magic_bytes))) {
                out.push_back({where, *packing});
            }
        }
    };
#if defined(__SSE2__)
    const auto load = [&](std::size_t where) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(
            bytes.data() + where)); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    };
    const auto pair = [](__m128i here, __m128i one_on, unsigned first, unsigned second) {
        return _mm_and_si128(_mm_cmpeq_epi8(here, _mm_set1_epi8(static_cast<char>(first))),
                             _mm_cmpeq_epi8(one_on, _mm_set1_epi8(static_cast<char>(second))));
    };
    for (; at + 17 <= bytes.size(); at += 16) {
        const __m128i here = load(at);
        const __m128i one_on = load(at + 1);
        const __m128i zlib = _mm_cmpeq_epi8(here, _mm_set1_epi8(0x78));
        const __m128i others =
            _mm_or_si128(pair(here, one_on, 0x1F, 0x8B),
                         _mm_or_si128(pair(here, one_on, 0x28, 0xB5), pair(here, one_on, 4, 0x22)));
        for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(zlib, others)));
             mask != 0;
             mask &= mask - 1) {
            check(at + static_cast<std::size_t>(__builtin_ctz(mask)));
        }
    }
#endif
    for (; at < bytes.size(); ++at) {
        check(at);
    }
}

struct Unpacker::Engine {
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    virtual ~Engine() = default;
    // Takes from the front of `in`, fills the front of `out`; says how much it wrote.
    virtual State step(Bytes& in, std::span<std::byte> out, std::size_t& wrote) = 0;
};

struct Unpacker::Inflate final : Unpacker::Engine {
    explicit Inflate(Packing packing) {
        constexpr int window_bits = 15;
        constexpr int gzip_flag = 16;
        if (inflateInit2(&stream,
                         packing == Packing::gzip ? window_bits + gzip_flag : window_bits) !=
            Z_OK) {
            throw drivers::HostError("zlib has no memory");
        }
    }
    ~Inflate() override { inflateEnd(&stream); }
    State step(Bytes& in, std::span<std::byte> out, std::size_t& wrote) override {
        const auto given = static_cast<uInt>(std::min<std::size_t>(in.size(), 1U << 30U));
        stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>( // zlib only reads it.
            in.data()));                                                    // NOLINT
        stream.avail_in = given;
        stream.next_out = to_unsigned(out.data());
        stream.avail_out = static_cast<uInt>(out.size());
        const int code = inflate(&stream, Z_NO_FLUSH);
        wrote = out.size() - stream.avail_out;
        in = in.subspan(given - stream.avail_in);
        if (code == Z_STREAM_END) {
            return State::ended;
        }
        return code == Z_OK || code == Z_BUF_ERROR ? State::going : State::broken;
    }
    z_stream stream{};
};

struct Unpacker::Zstd final : Unpacker::Engine {
    explicit Zstd(std::uint32_t window_log_max)
        : stream(ZSTD_createDStream()) {
        if (stream == nullptr) {
            throw drivers::HostError("libzstd has no memory");
        }
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, static_cast<int>(window_log_max));
    }
    ~Zstd() override { ZSTD_freeDStream(stream); }
    State step(Bytes& in, std::span<std::byte> out, std::size_t& wrote) override {
        ZSTD_inBuffer input{in.data(), in.size(), 0};
        ZSTD_outBuffer output{out.data(), out.size(), 0};
        const std::size_t code = ZSTD_decompressStream(stream, &output, &input);
        wrote = output.pos;
        in = in.subspan(input.pos);
        return ZSTD_isError(code) != 0 ? State::broken : code == 0 ? State::ended : State::going;
    }
    ZSTD_DStream* stream;
};

struct Unpacker::Lz4 final : Unpacker::Engine {
    Lz4() {
        if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) {
            throw drivers::HostError("liblz4 has no memory");
        }
    }
    ~Lz4() override { LZ4F_freeDecompressionContext(context); }
    State step(Bytes& in, std::span<std::byte> out, std::size_t& wrote) override {
        std::size_t taken = in.size();
        wrote = out.size();
        const std::size_t code =
            LZ4F_decompress(context, out.data(), &wrote, in.data(), &taken, nullptr);
        if (LZ4F_isError(code) != 0) {
            wrote = 0;
            return State::broken;
        }
        in = in.subspan(taken);
        return code == 0 ? State::ended : State::going;
    }
    LZ4F_dctx* context = nullptr;
};

Unpacker::Unpacker(Packing packing, UnpackLimits limits)
    : packing_(packing)
    , limits_(limits) {
    if (packing == Packing::zstd) {
        engine_ = std::make_unique<Zstd>(limits.zstd_window_log_max);
    } else if (packing == Packing::lz4) {
        engine_ = std::make_unique<Lz4>();
    } else {
        engine_ = std::make_unique<Inflate>(packing);
    }
}

Unpacker::~Unpacker() = default;

Unpacker::State Unpacker::take(Bytes packed, std::span<std::byte> room, const Hearer& unpacked) {
    while (state_ == State::going) {
        const std::size_t before = packed.size();
        std::size_t wrote = 0;
        state_ = engine_->step(packed, room, wrote);
        bytes_out_ += wrote;
        if (wrote > 0) {
            unpacked(room.first(wrote));
        }
        if (state_ == State::going && bytes_out_ > limits_.bytes_max) {
            state_ = State::too_long;
        }
        if (wrote == 0 && packed.size() == before) {
            break; // Wants more than there is.
        }
    }
    return state_;
}

} // namespace bench::egress
