# SPDX-License-Identifier: Apache-2.0
# docker build --target run -t arraybench .      (also with podman or buildah)
# docker run --rm -v "$PWD/runs:/runs" arraybench run /usr/share/arraybench/profiles/plans/demo.json --out /runs/demo
ARG BASE=debian:12-slim

FROM ${BASE} AS build
COPY bench/install bench/packages /src/bench/
RUN /src/bench/install /src/bench/packages && rm -rf /var/lib/apt/lists/*
COPY . /src
WORKDIR /src
# Catch2 is the tests' business: this stage builds the program alone.
RUN cmake --preset release -DBUILD_TESTING=OFF && cmake --build --preset release && strip -o /arraybench build/release/bench/arraybench

FROM build AS test
RUN tests/run format build test

FROM ${BASE} AS run
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends libiscsi7 libpcap0.8 liburing2 libisal2 libssl3 zlib1g libzstd1 liblz4-1 libseccomp2 libcap2 \
       libblkid1 libfmt9 libspdlog1.10 libboost-program-options1.74.0 fio iproute2 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --shell /usr/sbin/nologin bench && mkdir /runs && chown bench /runs
COPY --from=build /arraybench /usr/bin/arraybench
COPY profiles /usr/share/arraybench/profiles
USER bench
WORKDIR /runs
ENTRYPOINT ["/usr/bin/arraybench"]
CMD ["--help"]
