/* The image, on a cache line. */
    .section .weights, "a"
    .balign 64
    .global image
    .global image_end
image:
    .incbin "net.image"
image_end:
