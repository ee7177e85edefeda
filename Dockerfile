# Berth's image: the three programs on the few Debian packages that they need. No shell, no package manager, not root, and
# nothing is ever written: it runs with a read-only root file system.
#
#   docker build -t REGISTRY/berth:VERSION .                            for the machine it is built on
#   docker build --platform linux/arm64 -t REGISTRY/berth:VERSION .     compiled across, without emulation
#   image/build                                                         without a Docker engine (docs/image.md)
#
# Any Debian 12 will do as DEBIAN; a release names one by its digest. No heredocs: older buildah does not know them.
ARG DEBIAN=debian:bookworm-slim

FROM --platform=$BUILDPLATFORM ${DEBIAN} AS build
ARG TARGETARCH
WORKDIR /src
COPY debian-packages.txt image/build-packages image/
RUN image/build-packages image/debian-packages.txt "$TARGETARCH"
COPY . .
RUN image/compile "$TARGETARCH" /programs

FROM --platform=$BUILDPLATFORM ${DEBIAN} AS root
ARG TARGETARCH
COPY image/root-filesystem image/root-packages.txt /image/
RUN /image/root-filesystem /image/root-packages.txt "$TARGETARCH" /root-filesystem

FROM scratch
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Berth" \
      org.opencontainers.image.description="Assigns ports and polices them" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=root /root-filesystem/ /
COPY --from=build /programs/ /usr/local/bin/
USER 65532:65532
CMD ["berth", "--help"]
