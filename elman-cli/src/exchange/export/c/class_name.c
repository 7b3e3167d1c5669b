
const char *net_class_name(size_t label)
{
    return label < NET_OUTPUTS ? net_labels[label] : "";
}
