int ep__warning(int count)
{
    int unused;
    return count;
}
